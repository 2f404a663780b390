"""One pass over every local file system: what is writable by all, owned by nobody, or runs with another's rights."""

from compliance.engine.collectors.registry import TIMED_OUT, Denied, Os, Partial, RawSection, Unsupported, collector
from templates_app.language.facts import Json

# Local file systems by their type, each device once: bind mounts show what was walked already; subvolumes and datasets
# have a device number of their own; a mount that another one hides is not reached. Known ids are compared before the
# name service is asked (-nouser), which takes several times as long. A newline in a path is shown as "?", so that no
# file name can forge a line. In a chroot "/" need not be a mount of its own. The -exec stands outside of all
# parentheses, or busybox find would forget to run it.
SCRIPT = r"""
am_root || { echo denied; return 0; }
[ -r /proc/self/mountinfo ] || return 69
[ -n "$ACCOUNTS_BOUNDED" ] || return 75
nl='
'
tab=$(printf '\t')
rows=$(awk -v OFS='\t' -v here="$(stat -f -c %T /)" '
function plain(s) { gsub(/\\040/, " ", s); return s }
$5 == "/" { top = 1 }
{ for (i = 7; i <= NF && $i != "-"; i++); type = $(i + 1) }
type ~ /^(ext[234]|xfs|btrfs|zfs|vfat|exfat|ntfs3|overlay|tmpfs|f2fs|jfs|reiserfs|bcachefs)$/ {
  if ($5 !~ /^\/(proc|sys|sysroot|run\/(user|containerd|docker|credentials))(\/|$)/ &&
    $5 !~ /^\/var\/lib\/(docker|containers|containerd|kubelet|lxc|lxd|incus|machines)(\/|$)/ &&
    $5 !~ /\/(\.local\/share\/containers|\.snapshots|\.zfs)(\/|$)/)
    at[$5] = plain($5) OFS plain($4)
  next
}
{ delete at[$5] }
END {
  if (!top && here ~ /^(ext|xfs|btrfs|tmpfs|overlay|zfs|f2fs|jfs|reiserfs)/) print "/", "?"
  for (m in at) print at[m]
}' /proc/self/mountinfo | sort)
[ -n "$rows" ] || return 69
IFS=$nl; set --
for row in $rows; do set -- "$@" "${row%%"$tab"*}"; done
mounts=$({ printf '%s\n' "$rows"; echo; stat -c "%d$tab%n" "$@"; } | awk -F'\t' '
/^$/ { devs = 1; next }
!devs { name[++n] = $1; root[$1] = $2; next }
{ dev[$2] = $1 }
END {
  for (i = 1; i <= n; i++) {
    a = name[i]; skip = 0
    if (!(a in dev)) { print "!" a; continue }
    for (j = 1; j <= n && !skip; j++) {
      b = name[j]; if (i == j || !(b in dev) || dev[b] != dev[a]) continue
      if (root[a] == root[b]) skip = j < i
      else { top = root[b] == "/" ? "/" : root[b] "/"; skip = substr(root[a], 1, length(top)) == top }
    }
    print (skip ? "=" : "") a
  }
}')
# left out: container storage, and second views of what is walked anyway; compared by inode number first, because
# comparing every path with every pattern would cost more than the walk
set -- /var/lib/docker /var/lib/containers /var/lib/containerd /var/lib/kubelet /var/lib/lxc /var/lib/lxd \
  /var/lib/incus /var/lib/machines /var/snap/lxd /sysroot /ostree
IFS=$nl
for m in $mounts; do case $m in '='*) set -- "$@" "${m#=}" ;; esac; done
for h in $(awk -F: '$6 ~ /^\/./ && !seen[$6]++ { print $6 }' /etc/passwd); do
  [ -d "$h/.local/share/containers" ] && set -- "$@" "$h/.local/share/containers"
done
for d do shift; [ -d "$d" ] && [ ! -h "$d" ] && set -- "$@" "$d"; done
for d do shift; set -- "$@" -o -inum "$(stat -c %i "$d")" -path "$d"; done
look='case $* in *"
"*) for f do printf "F %s|%s\n" "$(stat -c "%a|%u|%g|%U|%G|%F" "$f")" "$(printf %s "$f" | tr "\n" "?")"; done ;;
*) exec stat -c "F %a|%u|%g|%U|%G|%F|%n" "$@" ;; esac'
nouser=; nogroup=; IFS=' '
if find / -prune -nouser -print >/dev/null 2>&1 && find / -prune -nogroup -print >/dev/null 2>&1; then
  known='$3 ~ /^[1-9][0-9]*$/ && !seen[$3]++ && n++ < 60 { printf "! -%s %s ", what, $3 }'
  nouser="-o ! -uid 0 ( $(awk -F: -v what=uid "$known" /etc/passwd) -nouser )"
  nogroup="-o ! -gid 0 ( $(awk -F: -v what=gid "$known" /etc/group) -nogroup )"
else echo 'N'; fi
set -- -xdev \
  \( -type f -o -type d ! \( \( -inum 0 "$@" \) -prune \) \) \
  \( -perm -0002 \( -type f -o ! -perm -1000 \) -o -type f \( -perm -4000 -o -perm -2000 \) $nouser $nogroup \) \
  -exec sh -c "$look" sh {} +
find /etc/passwd "$@" >/dev/null 2>&1 || return 69
start=$(date +%s); IFS=$nl
for m in $mounts; do
  case $m in '!'*'\'*) printf 'M %s\nE 2\n' "${m#!}"; continue ;; '!'* | '='*) continue ;; esac
  left=$((300 - $(date +%s) + start)); [ "$left" -gt 240 ] && left=240
  printf 'M %s\n' "$m"
  if [ "$left" -gt 0 ]; then t "$left" find "$m" "$@"; printf 'E %s\n' "$?"; else echo 'E 124'; fi
done | awk '
!/^F / { print; next }
{ size += length($0) + 1; if (++n <= 20000 && size < 900000) print; else if (!cut++) print "C" }'
return 0
"""


@collector("fs_walk", os=Os.LINUX, script=SCRIPT, slow=True)
def read_walk(section: RawSection) -> Json:
    """Read {"whole", "mounts", "world_writable_files", "world_writable_dirs", "no_user", "no_group", "suid_sgid"}.

    Paths sorted; directories are those without the sticky bit; no_user and no_group are [[path, id], ...], null where
    find cannot tell; suid_sgid is [[path, mode], ...]. Raises Partial when a time limit or a bound ended the walk.
    """
    if section.lines == ["denied"]:
        raise Denied("needs root: anyone else can walk only a part of the file systems")
    files: list[Json] = []
    dirs: list[Json] = []
    no_user: list[Json] = []
    no_group: list[Json] = []
    suid: list[Json] = []
    mounts: list[str] = []
    seen: set[str] = set()
    unended: dict[str, str] = {}
    for line in section.lines if section.complete else section.lines[:-1]:
        mark, text = line[:1], line[2:]
        if mark == "M":
            mounts.append(text)
            unended[text] = "was not walked to its end"
        elif mark == "E":
            if int(text) < 2:  # 1: something vanished on the way
                del unended[mounts[-1]]
            elif int(text) == TIMED_OUT:
                unended[mounts[-1]] = "took longer than its time limit"
        elif mark == "F" and text not in seen:
            seen.add(text)
            mode_text, uid, gid, owner, group, kind, path = text.split("|", 6)
            mode, is_dir = int(mode_text, 8), kind == "directory"
            if mode & 0o002 and not (is_dir and mode & 0o1000):
                (dirs if is_dir else files).append(path)
            if owner == "UNKNOWN":
                no_user.append([path, int(uid)])
            if group == "UNKNOWN":
                no_group.append([path, int(gid)])
            if mode & 0o6000 and not is_dir:
                suid.append([path, mode])
    if not mounts:
        raise Unsupported("no local file system was found to walk")
    cut = "C" in section.lines or not section.complete
    unable = "N" in section.lines
    value: dict[str, Json] = {
        "whole": not cut and not unended,
        "mounts": [*sorted(mounts)],
        "world_writable_files": sorted(files, key=str),
        "world_writable_dirs": sorted(dirs, key=str),
        "no_user": None if unable else sorted(no_user, key=str),
        "no_group": None if unable else sorted(no_group, key=str),
        "suid_sgid": sorted(suid, key=str),
    }
    if unended:
        raise Partial(value, "; ".join(f"the walk of {mount} {why}" for mount, why in sorted(unended.items())))
    if cut:
        raise Partial(value, "the walk found more than the 20,000 paths that are kept")
    return value
