"""Training on several machines: the same command on each hands itself to `torchrun`."""

from __future__ import annotations

import os
import sys

from edgewise.errors import EdgewiseError

PORT = "29500"


def hand_over(nodes: int, devices: int) -> None:
    """Replaces this process by `torchrun` with `devices` processes, one of `nodes` machines; in a process that
    `torchrun` started, and for one machine, does nothing.

    `NODE_RANK` (0 on the first machine) and `MASTER_ADDR` (its address) say which machine this is, `MASTER_PORT` may
    too. Raises `EdgewiseError` when they do not.
    """
    if nodes < 1:
        raise EdgewiseError(f"nodes must be at least 1, not {nodes}")
    if nodes == 1 or "TORCHELASTIC_RUN_ID" in os.environ:
        return
    missing = [name for name in ("NODE_RANK", "MASTER_ADDR") if name not in os.environ]
    if missing:
        raise EdgewiseError(
            f"training on {nodes} machines needs {' and '.join(missing)} in the environment: NODE_RANK is 0 on the "
            "first machine, 1 on the next, and MASTER_ADDR is the first one's address"
        )
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        f"--nnodes={nodes}",
        f"--nproc-per-node={devices}",
        f"--node-rank={os.environ['NODE_RANK']}",
        f"--master-addr={os.environ['MASTER_ADDR']}",
        f"--master-port={os.environ.get('MASTER_PORT', PORT)}",
        "-m",
        "edgewise",
        *sys.argv[1:],
    ]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, command)
