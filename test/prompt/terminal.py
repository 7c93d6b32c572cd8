"""A terminal with a program in it: a pseudo terminal, and a screen that understands what xterm does.

Nothing sleeps: until() reads what the program writes until a condition holds. Its limit only ends a test that hangs.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

HANGS_AFTER = 120  # seconds

CONTROL_A, CONTROL_C, CONTROL_D, CONTROL_R, TAB = "\x01", "\x03", "\x04", "\x12", "\t"
UP, DOWN, LEFT, RIGHT, HOME, END, BACKSPACE = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C", "\x1b[H", "\x1b[F", "\x7f"

_SEQUENCE = re.compile(r"\x1b(?:\[([?>]?)([0-9;]*)([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78DMc])")


def width_of(character):
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """Lines of cells; a wide character owns two, the second of which is ''. Lines that scroll out are kept."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.scrolled = []
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.wraps = False  # the last column was written: the next character goes to the next line
        self.unknown = []  # sequences that nobody taught this screen
        self._rest = ""

    def resize(self, columns, rows):
        """As a terminal that cuts and does not fold."""
        self.cells = [(line + [" "] * columns)[:columns] for line in self.cells]
        while len(self.cells) > rows:
            self.scrolled.append(self._text(self.cells.pop(0)))
            self.row = max(self.row - 1, 0)
        self.cells += [[" "] * columns for _ in range(rows - len(self.cells))]
        self.columns, self.rows = columns, rows
        self.column = min(self.column, columns - 1)
        self.wraps = False

    @staticmethod
    def _text(line):
        return "".join(line).rstrip()

    def lines(self):
        """All of it, from the first line that scrolled out to the last one that is not empty."""
        lines = self.scrolled + [self._text(line) for line in self.cells]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def text(self):
        return "\n".join(self.lines())

    def line(self):
        """That of the cursor."""
        return self._text(self.cells[self.row])

    def feed(self, text):
        text, self._rest = self._rest + text, ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = _SEQUENCE.match(text, at)
                if found is None:
                    if len(text) - at < 32:  # the rest of it is still to come
                        self._rest = text[at:]
                        return
                    self.unknown.append(text[at : at + 8])
                    at += 1
                    continue
                self._sequence(found)
                at = found.end()
            else:
                self._character(text[at])
                at += 1

    def _line_feed(self):
        self.wraps = False
        if self.row + 1 < self.rows:
            self.row += 1
            return
        self.scrolled.append(self._text(self.cells.pop(0)))
        self.cells.append([" "] * self.columns)

    def _character(self, character):
        if character == "\n":
            self._line_feed()
        elif character == "\r":
            self.column, self.wraps = 0, False
        elif character == "\b":
            self.column, self.wraps = max(self.column - 1, 0), False
        elif character == "\t":
            self.column = min((self.column // 8 + 1) * 8, self.columns - 1)
        elif character == "\x07":
            pass
        elif ord(character) < 32:
            self.unknown.append(character)
        else:
            self._put(character, width_of(character))

    def _put(self, character, width):
        if width == 0:
            if self.column > 0:
                self.cells[self.row][self.column - 1] += character
            return
        if self.wraps or self.column + width > self.columns:
            self.column = 0
            self._line_feed()
        line = self.cells[self.row]
        line[self.column] = character
        if width == 2:
            line[self.column + 1] = ""
        self.column += width
        if self.column >= self.columns:
            self.column, self.wraps = self.columns - 1, True

    def _sequence(self, found):
        private, numbers, final = found.group(1), found.group(2), found.group(3)
        if final is None or final in "mhl" or private:  # looks and modes
            return
        values = [int(number or 0) for number in numbers.split(";")]
        count = max(values[0], 1)
        line, column = self.cells[self.row], self.column
        self.wraps = False
        if final == "A":
            self.row = max(self.row - count, 0)
        elif final == "B":
            self.row = min(self.row + count, self.rows - 1)
        elif final == "C":
            self.column = min(column + count, self.columns - 1)
        elif final == "D":
            self.column = max(column - count, 0)
        elif final == "G":
            self.column = min(count, self.columns) - 1
        elif final == "H":
            self.row = min(count, self.rows) - 1
            self.column = min(max(values[1] if len(values) > 1 else 1, 1), self.columns) - 1
        elif final == "K":
            begin, end = {0: (column, self.columns), 1: (0, column + 1), 2: (0, self.columns)}[values[0]]
            line[begin:end] = [" "] * (end - begin)
        elif final == "J" and values[0] in (0, 2):
            begin = 0 if values[0] == 2 else self.row + 1
            if values[0] == 0:
                line[column:] = [" "] * (self.columns - column)
            for row in range(begin, self.rows):
                self.cells[row] = [" "] * self.columns
        elif final == "@":
            self.cells[self.row] = (line[:column] + [" "] * count + line[column:])[: self.columns]
        elif final == "P":
            self.cells[self.row] = line[:column] + line[column + count :] + [" "] * min(count, self.columns - column)
        elif final == "X":
            line[column : column + count] = [" "] * min(count, self.columns - column)
        else:
            self.unknown.append(found.group(0))


class Terminal:
    """A program in a terminal. Use as a context: what still runs at the end is killed."""

    def __init__(self, command, folder, columns=100, rows=30, environment=None):
        self.screen = Screen(columns, rows)
        self.folder = folder
        self._decoded = b""
        self.exit_code = None
        variables = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        variables.update({"TERM": "xterm", "LANG": "C.UTF-8"})
        variables.update(environment or {})
        variables = {name: value for name, value in variables.items() if value is not None}
        self.process, self._descriptor = pty.fork()
        if self.process == 0:
            # The size is set before the program can ask for it.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(folder)
            os.execve(command[0], command, variables)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        if self.exit_code is None:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self._descriptor)

    def type(self, text):
        os.write(self._descriptor, text.encode())

    def resize(self, columns, rows=30):
        self.screen.resize(columns, rows)
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self, seconds):
        """False at the end of the program."""
        if not select.select([self._descriptor], [], [], max(seconds, 0))[0]:
            raise AssertionError(f"nothing comes any more; the screen shows\n{self.screen.text()}")
        try:
            self._decoded += os.read(self._descriptor, 1 << 16)
        except OSError:  # EIO: the program has closed its terminal
            return False
        # A character may come in pieces.
        for cut in range(len(self._decoded), max(len(self._decoded) - 4, -1), -1):
            try:
                text = self._decoded[:cut].decode()
            except UnicodeDecodeError:
                continue
            self.screen.feed(text)
            self._decoded = self._decoded[cut:]
            return True
        raise AssertionError(f"not UTF-8: {self._decoded!r}")

    def until(self, condition):
        """Reads until condition(screen) holds; a text holds when it is on the screen. Returns all lines."""
        holds = (lambda screen: condition in screen.text()) if isinstance(condition, str) else condition
        limit = time.monotonic() + HANGS_AFTER
        while not holds(self.screen):
            if not self._read(limit - time.monotonic()):
                raise AssertionError(f"the program ended; the screen shows\n{self.screen.text()}")
        return self.screen.lines()

    def ends(self):
        """Reads until the program has ended; its exit code (negative: a signal)."""
        limit = time.monotonic() + HANGS_AFTER
        while self._read(limit - time.monotonic()):
            pass
        self.exit_code = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        return self.exit_code
