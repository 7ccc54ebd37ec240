"""What every probe is: a pure function of a network, arrays in, arrays out; its fields are what may be chosen.

Defining the class in a module of this package is all it takes to be found. A probe knows no clock and no screen:
when it is taken is for the session to say, and how it is drawn for a view.
"""

import re
from typing import Any, Self

import msgspec

from engine.probes.subject import Subject


def tag_of(name: str) -> str:
    """ "PatchAttentionProbe" → "patch_attention"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removesuffix("Probe")).lower()


class Probe(msgspec.Struct, frozen=True, tag_field="probe", tag=tag_of):
    """Something to be seen of a network. Two that are equal give the same for the same parameters."""

    @classmethod
    def tag(cls) -> str:
        return str(cls.__struct_config__.tag)

    @classmethod
    def suited(cls, subject: Subject) -> tuple[Self, ...]:
        """The probes of this kind that make sense for a training: none, one, or one for each of several parts."""
        return (cls(),) if cls.suits(subject) else ()

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        """Whether there is anything to see."""
        raise NotImplementedError

    def take(self, subject: Subject) -> Any:
        """What is seen, with the parameters that `subject` holds now."""
        raise NotImplementedError


def kinds(base: type[Probe] = Probe) -> list[type[Probe]]:
    """Every kind of probe that is known, in the order of definition."""
    return [kind for sub in base.__subclasses__() for kind in (sub, *kinds(sub))]


def suited(subject: Subject) -> tuple[Probe, ...]:
    """Every probe that makes sense for a training."""
    return tuple(probe for kind in kinds() for probe in kind.suited(subject))
