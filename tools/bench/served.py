"""What `opah serve --stdio` costs: the processor time of a trial, and resident memory.

The server's side alone is counted; what its client takes to write and read is not.
"""

import json
import subprocess
from pathlib import Path

N_WARM = 100


class Server:
    """A running `opah serve --stdio` with a study of some numbers in `[0, 1]`."""

    def __init__(self, opah, sampler, n_params):
        command = [opah, "serve", "--stdio"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        names = [f"x{at}" for at in range(n_params)]
        space = [{"name": name, "type": "float", "low": 0, "high": 1} for name in names]
        self.reply(
            {
                "op": "create",
                "study": "s",
                "seed": 1,
                "directions": ["minimize"],
                "space": space,
                "options": {"sampler": sampler},
            }
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def reply(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        reply = json.loads(self.process.stdout.readline())
        if not reply["ok"]:
            raise RuntimeError(f"{request}: {reply['error']}")
        return reply

    def run(self, n_trials):
        """Asks for trials and tells them, one after the other."""
        for _ in range(n_trials):
            asked = self.reply({"op": "ask", "study": "s"})
            value = sum((x - 0.3) ** 2 for x in asked["params"].values())
            tell = {"op": "tell", "study": "s", "trial": asked["trial"], "values": [value]}
            self.reply(tell)

    def seconds(self):
        """The processor time so far."""
        schedule = Path(f"/proc/{self.process.pid}/schedstat").read_text()
        return int(schedule.split()[0]) * 1e-9

    def resident_bytes(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return float(line.split()[1]) * 1024
        raise RuntimeError("the kernel does not tell how much memory is resident")


def cost(case, opah):
    """Of `serve SAMPLER TRIALSxPARAMS` seconds a trial, of `memory of serve …` bytes."""
    *what, sampler, sizes = case.split(" ")
    n_trials, n_params = (int(size) for size in sizes.split("x"))
    with Server(opah, sampler, n_params) as server:
        if "memory" in what:
            server.run(n_trials)
            return server.resident_bytes()
        server.run(N_WARM)
        begin = server.seconds()
        server.run(n_trials)
        return (server.seconds() - begin) / n_trials
