"""Processes, their CPU time and memory, and what the machine is."""

import os
import pathlib
import platform
import signal
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


class Process:
    """A process that is ended with its `with` block, and waited for."""

    def __init__(self, arguments, ready=None, log=None, environment=None):
        """ready: wait until the first line of standard output is this."""
        self.log = open(log, "wb") if log else subprocess.DEVNULL
        self.process = subprocess.Popen(
            [str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if ready else self.log,
            stderr=self.log, env={**os.environ, **(environment or {})})
        self.pid = self.process.pid
        if ready and self.process.stdout.readline().decode().strip() != ready:
            self.end()
            raise SystemExit(f"{arguments[0]} did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """SIGTERM; what it still said on standard output."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            out, _ = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, _ = self.process.communicate()
        return (out or b"").decode()

    def check(self):
        if self.process.poll() is not None:
            log = getattr(self.log, "name", "its messages")
            raise SystemExit(f"{self.process.args[0]} ended with {self.process.returncode}; see {log}")

    def cpu_seconds(self):
        """User and system time of all its threads, those that have ended too."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self):
        """MiB: resident (with shared pages of libraries and the archive's mapped index), anonymous, and the peak."""
        values = {}
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            key, _, rest = line.partition(":")
            if key in ("VmRSS", "RssAnon", "VmHWM"):
                values[key] = round(int(rest.split()[0]) / 1024, 1)
        return {"rss_mib": values["VmRSS"], "anonymous_mib": values["RssAnon"], "peak_mib": values["VmHWM"]}

    def context_switches(self):
        total = 0
        for status in pathlib.Path(f"/proc/{self.pid}/task").glob("*/status"):
            try:
                for line in status.read_text().splitlines():
                    if "ctxt_switches" in line:
                        total += int(line.split(":")[1])
            except FileNotFoundError:
                pass
        return total

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))


def memory_stall_seconds():
    """How long everything stood still for want of memory, since boot; 0 where the kernel does not tell."""
    try:
        for line in pathlib.Path("/proc/pressure/memory").read_text().splitlines():
            if line.startswith("full"):
                return int(line.rsplit("total=", 1)[1]) / 1e6
    except (FileNotFoundError, OSError):
        pass
    return 0.0


class Disturbance:
    """Watches for what makes a measurement void: a machine out of memory, or one that stood still."""

    def __init__(self):
        self.stall, self.begin = memory_stall_seconds(), time.time()

    def reason(self, wanted_seconds, cores_in_use):
        """Nil where the measurement stands."""
        stalled, length = memory_stall_seconds() - self.stall, time.time() - self.begin
        if stalled > 0.01 * wanted_seconds:
            return f"no memory for {stalled:.1f} s"
        if length > 1.02 * wanted_seconds + 0.5:
            return f"{wanted_seconds} s took {length:.1f} s"
        if cores_in_use > 1.05 * os.cpu_count():
            return f"{cores_in_use:.1f} cores in use of {os.cpu_count()}"
        return None


def busy_others(seconds, own_cpu_seconds, before, after):
    """Share of the machine that was taken by what the benchmark did not start, in cores."""
    return round(max((after - before - own_cpu_seconds) / seconds, 0), 2)


def machine_cpu_seconds():
    fields = [int(f) for f in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    user, nice, system, _, _, irq, softirq = fields[:7]
    return (user + nice + system + irq + softirq) / TICK


def load():
    return float(pathlib.Path("/proc/loadavg").read_text().split()[0])


def facts(options):
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    commit = subprocess.run(
        ["git", "-C", str(pathlib.Path(__file__).parent), "describe", "--always", "--dirty"], capture_output=True,
        text=True, check=False)
    return {
        "machine": f"{os.cpu_count()} × {model}, Linux {platform.release()}", "load_before": load(),
        "commit": commit.stdout.strip(), "filesystem": filesystem(options.scratch)}


def filesystem(path):
    return subprocess.run(
        ["stat", "-f", "-c", "%T", str(path)], capture_output=True, text=True, check=False).stdout.strip()


def wait_until(what, condition, limit_seconds=60):
    end = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited {limit_seconds} s in vain: {what}")
        time.sleep(0.1)
