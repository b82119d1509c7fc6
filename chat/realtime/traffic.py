"""How much may wait for a client, and for how long, whoever carries its frames."""

from typing import Final

# Frames of a client that wait for their answers before no more of it are read.
FRAMES_WAITING: Final = 32
# What the kernel keeps of unsent bytes, and what the server keeps beyond that.
SEND_BUFFER: Final = 64 * 1024
BACKLOG_MOST: Final = 256 * 1024
# Seconds in which a client must take something of what waits for it.
STALL_PATIENCE: Final = 20.0
# Seconds to take a close frame and to answer it.
CLOSE_PATIENCE: Final = 5.0
# The close code of a client that is too slow: it reconnects and catches up.
TOO_SLOW: Final = 4008
# The close code of a client that goes on asking after it was told to wait, again and again.
TOO_FAST: Final = 4029
