"""Torch networks and blocks, interpreted from architectures and rows."""

from edgewise.nn.initialise import initialise
from edgewise.nn.network import Block, Network

__all__ = ["Block", "Network", "initialise"]
