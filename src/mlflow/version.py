"""The two versions of this package: the API level it speaks and its own."""

#: The level of the public API that this package speaks.
VERSION = "3.17.2"
#: The version of the Millstream distribution.
MILLSTREAM_VERSION = "0.1.0.dev0"
