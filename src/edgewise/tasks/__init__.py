"""Work that processes of any number of machines share: tasks wait in an Optuna study, workers take them, a pool watches
over the workers."""

from edgewise.tasks.pool import Pool, Tell
from edgewise.tasks.queue import Queue, Task
from edgewise.tasks.work import Do, Pulse

__all__ = ["Do", "Pool", "Pulse", "Queue", "Task", "Tell"]
