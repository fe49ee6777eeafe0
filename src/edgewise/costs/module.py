"""Counting a torch module of anybody's: it runs once, and what torch dispatches is recorded.

The one file of this layer that needs torch; `edgewise.costs` imports it when `profile` is first used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (the name everyone knows it by)
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from torch.utils.weak import WeakIdKeyDictionary

from edgewise.costs.aten import ELEMENT_WISE, FRESH, MULTIPLY_ADDS, OVERWRITES, RULES, attention, plain
from edgewise.costs.tally import Profile, tally
from edgewise.costs.tape import Part, Place, Tape
from edgewise.costs.work import Work, convolution, product
from edgewise.errors import EdgewiseError


def profile(module: nn.Module, input: Tensor | tuple[Tensor, ...]) -> Profile:  # noqa: A002  (torch's own name)
    """Counts `module` by running it once on `input`, a tensor (`(N, C, H, W)` for most) or a tuple of tensors.

    The counts are those of `input` as it is: give one image to count for one. The module runs in eval mode without
    gradients and is left as it was. On the meta device nothing is computed. Attention is counted as this device runs
    it. Raises `EdgewiseError` when the module cannot run on the input.
    """
    inputs = input if isinstance(input, tuple) else (input,)
    if not isinstance(module, nn.Module):
        raise EdgewiseError(
            f"profile counts torch modules, not {type(module).__name__}; count architectures with count"
        )
    if not all(isinstance(one, Tensor) for one in inputs):
        raise EdgewiseError(
            "a module is counted on a tensor or a tuple of tensors; give one such as an image (N, C, H, W)"
        )
    name = type(module).__name__
    if any(map(is_lazy, module.parameters())):
        raise EdgewiseError(f"{name} has layers that learn their shapes from their first input; run it once before")
    recorder = _Recorder(module, name, inputs)
    with _undisturbed(module):
        try:
            outputs = recorder.run(module, inputs)
        except Exception as error:
            shapes = " and ".join("×".join(map(str, one.shape)) or "()" for one in inputs)
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise EdgewiseError(f"{name} cannot run on an input of shape {shapes}: {reason}") from error
    recorder.tape.outputs += [recorder.part(tensor)[0] for tensor in _tensors(outputs)]
    return tally(recorder.tape, recorder.places())


@contextmanager
def _undisturbed(module: nn.Module) -> Iterator[None]:
    """Eval mode without gradients, then everything as it was.

    Flags are set one by one: `eval()` may do more than that in modules that override it. Fused layers for inference,
    of which nobody could tell what they multiply, and compiled code, which nobody can look into, are off.
    """
    flags = {one: one.training for one in module.modules()}
    fast = torch.backends.mha.get_fastpath_enabled()
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        if "torch._dynamo" in sys.modules:
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        try:
            torch.backends.mha.set_fastpath_enabled(False)
            for one in flags:
                one.training = False
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
            for one, training in flags.items():
                one.training = training


def _tensors(value: object) -> Iterator[Tensor]:
    """The tensors in arguments or results, whatever they are nested in."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _tensors(one)
    elif isinstance(value, list | tuple | set):
        for one in value:
            yield from _tensors(one)


class _Recorder(TorchDispatchMode):
    """Writes the tape of a running module."""

    supports_higher_order_operators = True

    def __init__(self, module: nn.Module, name: str, inputs: tuple[Tensor, ...]) -> None:
        super().__init__()
        self.tape = Tape(name)
        self._buffers = WeakIdKeyDictionary()
        """The tape's buffer of every storage, as long as the storage lives."""
        self._modules = dict(module.named_modules())
        self._paths = {id(one): path for path, one in self._modules.items()}
        self._running = [""]
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._paused = False
        for path, parameter in module.named_parameters():
            self.tape.share(self.part(parameter)[0], path, parameter.numel())
        for tensor in inputs:
            if _memory(tensor) not in self._buffers:
                self._buffers[_memory(tensor)] = self.tape.input(tuple(tensor.shape), tensor.itemsize)

    def run(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> object:
        """The module's result, with every op recorded on the way."""
        with ExitStack() as stack:
            stack.callback(register_module_forward_pre_hook(self._enter).remove)
            stack.callback(register_module_forward_hook(self._leave, always_call=True).remove)
            stack.enter_context(_Whole(self))
            stack.enter_context(self)
            return module(*inputs)

    def places(self) -> dict[str, Place]:
        """The lines of the table: modules without parts that ran, and those that do something beside their parts."""
        kinds: dict[str, dict[str, None]] = {}
        for step in self.tape.steps:
            kinds.setdefault(step.line, {})[step.work.kind] = None
        places: dict[str, Place] = {}
        for path, shape in self._shapes.items():
            module, done = self._modules[path], kinds.get(path, {})
            leaf = not module._modules
            said = str(module) if leaf and len(done) < 2 else "\n"
            if "\n" not in said:
                places[path] = Place(said, shape)
            elif leaf or done:
                places[path] = Place(", ".join(done) or type(module).__name__, shape)
        return places

    def part(self, tensor: Tensor) -> Part:
        """The tensor as a part of its buffer. One not met before was made elsewhere: a constant."""
        memory = _memory(tensor)
        index = self._buffers.get(memory)
        if index is None:
            whole = tensor.numel() if memory is tensor else memory.nbytes() // tensor.itemsize
            index = self._buffers[memory] = self.tape.buffer(whole, tensor.itemsize)
        return index, min(tensor.numel(), self.tape.buffers[index].elements)

    def _enter(self, module: nn.Module, inputs: object) -> None:
        self._running.append(self._paths.get(id(module), self._running[-1]))

    def _leave(self, module: nn.Module, inputs: object, outputs: object) -> None:
        path = self._running.pop()
        if not module._modules and self._modules[path] is module:
            first = next(_tensors(outputs), None)
            if first is not None:
                self._shapes[path] = tuple(first.shape)

    def whole(self, work: Work, call: Any, args: Any, kwargs: Any) -> Any:
        """Runs a function that torch takes apart, and records it as one op."""
        self._paused = True
        try:
            result = call(*args, **kwargs)
        finally:
            self._paused = False
        reads, writes = ([self.part(tensor) for tensor in _tensors(some)] for some in ((args, kwargs), result))
        self._shapes[self._running[-1]] = tuple(result.shape)
        self.tape.add(self._running[-1], work, reads, writes)
        return result

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self._paused:
            return func(*args, **kwargs)
        op = _op(func)
        if not op.known:
            with self:  # perhaps it is made of ops that are
                result = op.decomposed(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = func(*args, **kwargs)
        self._record(op, args, kwargs, result)
        return result

    def _record(self, op: _Op, args: Any, kwargs: Any, result: object) -> None:
        y = next(_tensors(result), None)
        if y is None:
            return
        line = self._running[-1]
        self._shapes[line] = tuple(y.shape)
        given = list(_tensors((args[op.overwrites :], kwargs)))
        reads = [self.part(tensor) for tensor in given]
        if op.fresh or not given or (_memory(y) in self._buffers and not op.mutates):
            return  # a constant, or a view
        writes = [self.part(tensor) for tensor in _tensors(result)]
        by_weights = any(self.tape.buffers[index].constant for index, _ in reads[-2:])
        work = op.work(args, kwargs, result, y, by_weights)
        if work is None:
            self.tape.uncounted[op.name] = None
            work = Work("element-wise", y.numel())
        self.tape.add(line, work, reads, writes)


def _memory(tensor: Tensor) -> Any:
    """What two tensors have in common of which one is a view of the other."""
    try:
        return tensor.untyped_storage()
    except (NotImplementedError, RuntimeError):  # sparse tensors and the like have no storage
        return tensor


class _Op:
    """An op of torch's dispatcher."""

    def __init__(self, func: Any) -> None:
        higher = not isinstance(func, torch._ops.OpOverload)
        self.name = str(func if higher else func._overloadpacket)
        self._word = "" if higher else plain(func._schema.name)
        self._formula = flop_registry.get(func if higher else func._overloadpacket)
        self._own_formula = MULTIPLY_ADDS.get(self._word)
        tags = () if higher else func.tags
        self._rule = RULES.get(self._word)
        if self._rule is None and torch.Tag.pointwise in tags:
            self._rule = ELEMENT_WISE
        self.mutates = not higher and func._schema.is_mutable and torch.Tag.inplace_view not in tags
        self.fresh = self._word in FRESH
        self.overwrites = int(self._word in OVERWRITES)
        self.decomposed = (lambda *args, **kwargs: NotImplemented) if higher else func.decompose

    @property
    def known(self) -> bool:
        return bool(self._formula or self._own_formula or self._rule or self.fresh)

    def work(self, args: Any, kwargs: Any, result: object, y: Tensor, by_weights: bool) -> Work | None:
        """What it does; None when nobody knows. `by_weights`: a constant is among the factors of a product."""
        if self._rule:
            return self._rule(args, y)
        if self._own_formula:
            made = product(self._own_formula(args), by_weights=by_weights)
            return made._replace(kind="recurrent") if "rnn" in self._word else made
        if not self._formula:
            return None
        if "conv" in self._word:
            transposed = len(args) > 6 and args[6] is True
            return convolution(args[0].shape, args[1].shape, y.shape, transposed=transposed)
        multiply_adds = int(self._formula(*args, **kwargs, out_val=result)) // 2  # torch counts two each
        if "attention" in self._word:
            return attention(args[0], args[1])._replace(multiply_adds=multiply_adds)
        return product(multiply_adds, by_weights=by_weights)


_op = cache(_Op)


class _Whole(TorchFunctionMode):
    """Sees functions before torch takes them apart. Of those that networks here know as one op, there is one."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is not F.local_response_norm:
            return func(*args, **kwargs)
        size = args[1] if len(args) > 1 else kwargs["size"]
        x = next(_tensors((args, kwargs)))
        return self._recorder.whole(Work("response norm", size * x.numel()), func, args, kwargs)
