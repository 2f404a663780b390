# Repairs a VM as an administrator would; runs in the VM as root. Every line is one finding of CIS Level 1.

mkdir -p /etc/modprobe.d /etc/sysctl.d /etc/profile.d /etc/security/limits.d /etc/systemd/journald.conf.d

# Accounts: root is the only superuser, every password is set or locked, homes and shells are in order
sed -i '/^toor:/d; /^guest:/d' /etc/passwd /etc/shadow
rm -rf /home/guest
chown root:shadow /etc/shadow
chmod 640 /etc/shadow
awk -F: '$3 > 0 && $3 < 1000 && $7 !~ /(nologin|false|sync)$/ {print $1}' /etc/passwd | while read -r system; do
    usermod -s /usr/sbin/nologin "$system"
done
awk -F: '$3 >= 1000 && $3 < 65534 {print $3, $4, $6}' /etc/passwd | while read -r user group home; do
    install -d -m 750 -o "$user" -g "$group" "$home"
done

# Passwords
sed -i 's/^#\?\s*PASS_MAX_DAYS.*/PASS_MAX_DAYS 365/; s/^#\?\s*UMASK.*/UMASK 027/
        s/^#\?\s*ENCRYPT_METHOD.*/ENCRYPT_METHOD YESCRYPT/' /etc/login.defs
sed -i '/^#\?\s*INACTIVE/d' /etc/default/useradd
echo 'INACTIVE=30' >>/etc/default/useradd
printf 'deny = 3\nunlock_time = 900\n' >/etc/security/faillock.conf
printf 'remember = 24\nenforce_for_root\n' >/etc/security/pwhistory.conf
sed -i 's/ nullok\(_secure\)\?\b//' /etc/pam.d/*
sed -i '/pam_unix\.so/{s/success=1/success=2/; i auth required pam_faillock.so preauth
a auth [default=die] pam_faillock.so authfail
}' /etc/pam.d/common-auth
echo 'account required pam_faillock.so' >>/etc/pam.d/common-account
sed -i '/pam_unix\.so/{s/$/ use_authtok/; i password requisite pam_pwhistory.so remember=24 enforce_for_root use_authtok
}' /etc/pam.d/common-password
groupadd -f sugroup
echo 'auth required pam_wheel.so use_uid group=sugroup' >>/etc/pam.d/su
echo 'Defaults use_pty, logfile="/var/log/sudo.log"' >/etc/sudoers.d/10-hardened
chmod 440 /etc/sudoers.d/10-hardened

# The SSH server: keys only, nobody as root
sed -i '/^\(PermitRootLogin\|PermitEmptyPasswords\|PasswordAuthentication\|X11Forwarding\)/d' /etc/ssh/sshd_config
cat >>/etc/ssh/sshd_config <<END
PermitRootLogin no
PermitEmptyPasswords no
PasswordAuthentication no
X11Forwarding no
AllowUsers ubuntu
Banner /etc/issue.net
ClientAliveInterval 15
ClientAliveCountMax 3
LoginGraceTime 60
MaxAuthTries 4
MaxStartups 10:30:60
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512,hmac-sha2-256
END
chmod 600 /etc/ssh/sshd_config

# What logins are shown, and how their shells begin
echo 'Authorized use only.' | tee /etc/issue /etc/issue.net >/etc/motd
printf 'umask 027\nTMOUT=900\nreadonly TMOUT\nexport TMOUT\n' >/etc/profile.d/hardened.sh
printf '\numask 027\n' >>/etc/bash.bashrc
printf '* hard core 0\n' >/etc/security/limits.d/hardened.conf

# Modules that nobody needs, and the file systems for temporary files
for module in cramfs freevxfs hfs hfsplus jffs2 usb-storage; do
    printf 'install %s /bin/false\nblacklist %s\n' "$module" "$module"
done >/etc/modprobe.d/hardened.conf
mount -t tmpfs -o mode=1777,nosuid,nodev,noexec none /tmp
for place in /dev/shm /var/tmp /var/log; do
    mount -o "remount,nosuid,nodev,noexec" "$place"
done
printf 'none %s tmpfs nosuid,nodev,noexec 0 0\n' /tmp /dev/shm /var/tmp /var/log >>/etc/fstab

# Kernel settings, kept; those that differ come into force when the VM starts anew
cat >/etc/sysctl.d/60-hardened.conf <<END
kernel.randomize_va_space = 2
kernel.yama.ptrace_scope = 1
fs.suid_dumpable = 0
net.ipv4.ip_forward = 0
net.ipv4.tcp_syncookies = 1
net.ipv4.icmp_ignore_bogus_error_responses = 1
net.ipv4.icmp_echo_ignore_broadcasts = 1
net.ipv4.conf.all.accept_source_route = 0
net.ipv6.conf.all.accept_source_route = 0
net.ipv6.conf.default.accept_source_route = 0
net.ipv6.conf.all.forwarding = 0
END

# Jobs and logs
touch /etc/cron.allow /etc/at.allow
chmod 640 /etc/cron.allow /etc/at.allow
for place in /etc/crontab /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/cron.d; do
    [ ! -e "$place" ] || chmod go-rwx "$place"
done
printf '[Journal]\nForwardToSyslog=no\nCompress=yes\nStorage=persistent\n' >/etc/systemd/journald.conf.d/60-hardened.conf

/usr/sbin/sshd -t
visudo -cq
kill -HUP 1
