"""Identifiers and names that are made, not given."""

import os
import random

_ADJECTIVES = (
    "able amber ample apt awake bold brave bright brisk calm candid clean clear clever cosmic "
    "crisp curious deft eager early earnest easy fair fancy fine firm fleet fond frank free fresh "
    "gentle glad golden grand happy hardy honest humble jolly keen kind lively lucky lunar mellow "
    "merry mild neat nimble noble patient plucky polite prime proud quick quiet rare ready robust "
    "rustic serene sharp silent silver sleek smart smooth solar sound spry stable steady sturdy "
    "subtle sunny swift tidy upbeat vivid warm wise witty worthy zesty"
)
_NOUNS = (
    "badger barley beaver birch bison brook canal cedar cliff clover comet coral crane creek "
    "crow dam delta dove eagle elk elm falcon fern finch fjord flax flume fox frog gale garnet "
    "gorge grain grove gull hare harbor hawk hazel heron hill ibis iris ivy jay kestrel lake lark "
    "linden lynx maple marsh marten meadow mill millrace millstone mink moor moose moss newt oak "
    "orchid osprey otter owl pebble pine plover pond poplar quail quartz raven reed ridge river "
    "robin rook rye sedge shoal shrew sluice sparrow spruce stoat stork stream swan swift tarn "
    "teal thrush trout vale vole weir wheat wheel willow wren yew"
)

# Not seeded by the user's `random.seed`, so that a fixed seed in a script does not repeat names.
_dice = random.SystemRandom()


def new_run_id() -> str:
    """A fresh run id: 32 hexadecimal characters of a random UUID (version 4)."""
    raw = bytearray(os.urandom(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    return raw.hex()


def new_run_name() -> str:
    """A name for a run that was given none, such as `brisk-heron-417`."""
    adjective, noun = _dice.choice(_ADJECTIVES.split()), _dice.choice(_NOUNS.split())
    return f"{adjective}-{noun}-{_dice.randrange(1000)}"
