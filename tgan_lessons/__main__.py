"""`python -m tgan_lessons` is the command `tgan-lessons`."""

from tgan_lessons.cli import app

if __name__ == "__main__":
    app(prog_name="tgan-lessons")
