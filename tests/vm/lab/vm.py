#!/usr/bin/env python3
"""Boot the lab's VM and run scripts in it, one boot each, on one throw-away disk.

As a program: the engine of `./dev vm run` (dev.d/vm.sh prepares kernel and image).
As a module: `Disk` and `boot()`, used by the runner of the test cases.
"""
import argparse
import io
import os
import secrets
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time

TIMED_OUT = 124  # as timeout(1)
VM_ENDED = 125  # the machine ended before the last script did

KERNEL_ARGUMENTS = (
    "console=ttyS0 panic=-1 loglevel=7 mitigations=off nokaslr audit=0 apparmor=0 "
    "random.trust_cpu=on no_timer_check tsc=reliable cryptomgr.notests "
    "rcupdate.rcu_expedited=1 systemd.show_status=0"
)


class Disk:
    """An overlay over the image: all that the scripts of one run leave behind."""

    def __init__(self, image, directory):
        self.path = os.path.join(directory, "disk.qcow2")
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", os.path.abspath(image), self.path],
            check=True, stdout=sys.stderr,
        )
        # Memory that a reset leaves as it is, where pstore can keep what a crash said.
        self.memory = os.path.join(directory, "memory")
        with open(self.memory, "wb") as file:
            file.truncate(1 << 20)


class Result:
    """How one boot ended: `status` of the script, or None if the machine ended first."""

    def __init__(self, status=None, timed_out=False):
        self.status = status
        self.timed_out = timed_out


def _write_payload(path, token, script, last, files):
    """The tar archive that lab-agent expects on the second disk."""
    def add_text(tar, name, text):
        info = tarfile.TarInfo(name)
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))

    def by_root(info):
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        return info

    job = {"script": os.path.basename(script), "last": "1" if last else "0", "token": token}
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT, dereference=True) as tar:
        add_text(tar, "job", "".join(f"{k}={shlex.quote(v)}\n" for k, v in job.items()).encode())
        tar.add(script, "scripts/" + os.path.basename(script), filter=by_root)
        for file in files:
            tar.add(file, "files/" + os.path.basename(os.path.abspath(file)), filter=by_root)
    size = os.path.getsize(path)
    os.truncate(path, max(size + -size % 1048576, 1048576))


def _qemu_command(kernel, disk, payload, console, details, output_fd, cmdline):
    return [
        # No machine outlives its driver, however that ends.
        "setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        # Never KVM: /dev/kvm may open and then hang at boot.
        "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "qemu64,+rdrand", "-smp", "2", "-m", "1024",
        "-kernel", os.path.join(kernel, "vmlinux"), "-initrd", os.path.join(kernel, "initrd"),
        "-append", f"{KERNEL_ARGUMENTS} {cmdline}".strip(),
        "-chardev", f"file,id=console,path={console},append=on", "-serial", "chardev:console",
        # Guest crashes do not lose what the guest has flushed: the host does not crash.
        "-drive", f"file={disk.path},format=qcow2,if=none,id=root,cache=unsafe,discard=unmap",
        "-device", "virtio-blk-pci,drive=root",
        "-object", f"memory-backend-file,id=memory,size=1M,mem-path={disk.memory},share=on",
        "-device", "ivshmem-plain,memdev=memory",
        "-drive", f"file={payload},format=raw,if=none,id=payload,readonly=on",
        "-device", "virtio-blk-pci,drive=payload",
        "-device", "virtio-rng-pci",
        "-device", "virtio-serial-pci",
        "-chardev", f"socket,id=output,fd={output_fd}", "-device", "virtserialport,chardev=output,name=lab.output",
        "-chardev", f"file,id=details,path={details},append=on",
        "-device", "virtserialport,chardev=details,name=lab.details",
    ]


def boot(kernel, disk, script, *, last=True, files=(), cmdline="", console, deadline, emit):
    """Run one script in one boot. `emit` gets its output as it comes. The machine is gone
    when this returns; with last=False it was shut down in order after a script that exited 0."""
    token = secrets.token_hex(16).encode()
    with tempfile.TemporaryDirectory(prefix="lab-boot-") as work:
        payload = os.path.join(work, "payload.tar")
        details = os.path.join(work, "details")
        _write_payload(payload, token.decode(), script, last, files)
        ours, theirs = socket.socketpair()
        with ours, open(os.path.join(work, "qemu"), "w+b") as messages:
            with theirs:
                qemu = subprocess.Popen(
                    _qemu_command(kernel, disk, payload, console, details, theirs.fileno(), cmdline),
                    stdin=subprocess.DEVNULL, stdout=messages, stderr=messages,
                    pass_fds=[theirs.fileno()], start_new_session=True,  # Ctrl-C is ours to handle
                )
            try:
                result = _follow(ours, token, deadline, emit)
                if result.status == 0 and not last:
                    try:
                        qemu.wait(max(1, deadline - time.monotonic()))
                    except subprocess.TimeoutExpired:
                        result = Result(timed_out=True)
                elif result.status is None and not result.timed_out:
                    qemu.wait()
                    if qemu.returncode != 0:
                        messages.seek(0)
                        raise RuntimeError(f"QEMU failed: {messages.read().decode(errors='replace').strip()}")
            finally:
                _stop(qemu)
                _append(details, console)
    return result


def _stop(qemu):
    if qemu.poll() is None:
        qemu.terminate()
        try:
            qemu.wait(10)
        except subprocess.TimeoutExpired:
            qemu.kill()
            qemu.wait()


def _append(source, target):
    if os.path.exists(source):
        with open(source, "rb") as data, open(target, "ab") as out:
            shutil.copyfileobj(data, out)


def _follow(sock, token, deadline, emit):
    """Pass the guest's output on until its end: `TOKENexit N`, or the end of the machine."""
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                emit(pending)
                return Result(timed_out=True)
            if not selector.select(left):
                continue
            try:
                data = sock.recv(65536)
            except ConnectionResetError:
                data = b""
            pending += data
            before, found, after = pending.partition(token)
            if found and after.endswith(b"\n"):
                emit(before)
                return Result(status=int(after.split()[1]))
            if not data:
                emit(pending)
                return Result()
            if not found:
                keep = _possible_start(pending, token)
                emit(pending[:len(pending) - keep])
                pending = pending[len(pending) - keep:]


def _possible_start(data, token):
    """How many of the last bytes of data may be the beginning of the token."""
    for length in range(min(len(data), len(token) - 1), 0, -1):
        if token.startswith(data[-length:]):
            return length
    return 0


def save_log(console, name="vm"):
    """Keep a console log for whoever has to find out what happened; print where it is."""
    directory = os.path.join(os.environ.get("ROOT", "."), "build", "vm-logs")
    try:
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, f"{name}-{time.strftime('%H%M%S')}-{os.getpid()}.log")
        shutil.copyfile(console, path)
    except OSError:
        fd, path = tempfile.mkstemp(prefix=f"livepatchd-{name}-", suffix=".log")
        os.close(fd)
        shutil.copyfile(console, path)
    print(f"vm: console log of the machine: {path}", file=sys.stderr)


def write_out(data):
    """Unbuffered and complete, also to a slow pipe."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view):]


def run_scripts(options, work):
    console = os.path.join(work, "console.log")
    open(console, "wb").close()
    if options.log:
        open(options.log, "wb").close()  # before minutes were spent on what could not be kept
    disk = Disk(options.image, work)
    deadline = time.monotonic() + options.timeout
    status = 0
    try:
        for number, script in enumerate(options.scripts, 1):
            last = number == len(options.scripts)
            result = boot(
                options.kernel_dir, disk, script, last=last, files=options.file if number == 1 else (),
                cmdline=options.cmdline, console=console, deadline=deadline, emit=write_out,
            )
            if result.timed_out:
                print(f"vm: {script}: not done after {options.timeout:g} s, machine stopped", file=sys.stderr)
                status = TIMED_OUT
            elif result.status is None:
                print(f"vm: {script}: the machine ended (panic, reset or power-off)", file=sys.stderr)
                status = VM_ENDED if last else 0
            else:
                status = result.status
            if status != 0:
                break
        return status
    except BaseException:
        status = 1
        raise
    finally:
        if options.log:
            shutil.copyfile(console, options.log)
        if status != 0:
            save_log(console)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev vm run", allow_abbrev=False)
    parser.add_argument("--kernel-dir", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--cmdline", default="")
    parser.add_argument("--log")
    parser.add_argument("--file", action="append", default=[])
    parser.add_argument("--timeout", type=float, default=900)
    parser.add_argument("scripts", nargs="+")
    return parser.parse_args()


def terminated(_signal, _frame):
    raise KeyboardInterrupt


def main():
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, terminated)
    options = parse_arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="lab-") as work:
            return run_scripts(options, work)
    except KeyboardInterrupt:
        print("vm: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 141  # nobody reads our output any more
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"vm: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
