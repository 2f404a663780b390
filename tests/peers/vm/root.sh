# Makes the root of a VM and becomes its sshd: root.sh DIRECTORY PORT NAME, as process 1 of its namespaces.
# The directory holds host, host.pub and id.pub, and gets root and layers.
directory=$1 port=$2 name=$3
root=$directory/root layers=$directory/layers
mkdir "$root" "$layers"
mount -t tmpfs -o size=512m,mode=755 none "$layers"  # what is written in the VM
mount -t tmpfs -o size=64m,mode=755 none "$root"

# Programs and settings: of this machine, copied when they are written
for place in usr etc var bin sbin lib lib32 lib64 libx32; do
    if [ -L "/$place" ]; then
        cp -P "/$place" "$root/$place"
    elif [ -d "/$place" ]; then
        mkdir -p "$root/$place" "$layers/$place/upper" "$layers/$place/work"
        chown --reference="/$place" "$layers/$place/upper"
        chmod --reference="/$place" "$layers/$place/upper"
        mount -t overlay none "$root/$place" \
            -o "lowerdir=/$place,upperdir=$layers/$place/upper,workdir=$layers/$place/work"
    fi
done

# Everything else: its own, and empty
cd "$root"
mkdir -m 755 boot dev home mnt opt proc run srv sys
mkdir -m 700 root
mkdir -m 1777 tmp
for hidden in var/tmp var/log var/mail var/cache var/backups var/spool; do
    [ ! -d "$hidden" ] || mount -t tmpfs -o "mode=$(stat -Lc %a "$hidden")" none "$hidden"
done
mkdir -p var/spool/cron/crontabs
mount -t proc none proc
for kernel in proc/sys proc/sysrq-trigger proc/irq proc/bus; do
    [ -e "$kernel" ] || continue
    mount --bind "$kernel" "$kernel"
    mount -o remount,bind,ro "$kernel"  # the kernel is this machine's: its settings can be read here, never changed
done
mount -t sysfs -o ro none sys
mount -t tmpfs -o mode=755,nosuid none dev
for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 666 dev/tty c 5 0
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 none dev/pts
mount -t tmpfs -o mode=1777 none dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
hostname "$name"
echo "$name" >etc/hostname

# Its user, and its faults
mkdir -p -m 755 run/sshd
rm -rf etc/ssh/sshd_config.d etc/ssh/ssh_host_*
cp "$directory/host" etc/ssh/ssh_host_ed25519_key
cp "$directory/host.pub" etc/ssh/ssh_host_ed25519_key.pub
sed -i '/^\(ubuntu\|toor\|guest\):/d' etc/passwd etc/shadow
echo 'ubuntu:x:61001:100::/home/ubuntu:/bin/bash' >>etc/passwd
echo 'ubuntu:*:19000:0:99999:7:::' >>etc/shadow
mkdir -p -m 700 home/ubuntu/.ssh
cp "$directory/id.pub" home/ubuntu/.ssh/authorized_keys
chown -R 61001:100 home/ubuntu
echo 'ubuntu ALL=(ALL) NOPASSWD: ALL' >etc/sudoers.d/90-cloud-init-users
chmod 440 etc/sudoers.d/90-cloud-init-users
cat >etc/ssh/sshd_config <<END
Port $port
ListenAddress 127.0.0.1
HostKey /etc/ssh/ssh_host_ed25519_key
UsePAM yes
PermitRootLogin yes
PermitEmptyPasswords yes
PasswordAuthentication yes
X11Forwarding yes
END
chmod 666 etc/ssh/sshd_config
chmod 600 etc/ssh/ssh_host_ed25519_key
chmod 644 etc/shadow
echo 'toor:x:0:0:a second superuser:/root:/bin/bash' >>etc/passwd
echo 'guest::19000:0:99999:7:::' >>etc/shadow
echo 'guest:x:61002:100::/home/guest:/bin/bash' >>etc/passwd
mkdir -m 777 home/guest
cd /
exec chroot "$root" /usr/sbin/sshd -D -e -f /etc/ssh/sshd_config
