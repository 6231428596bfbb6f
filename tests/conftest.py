"""What all tests run on."""

from course.session import keep_freed_memory

keep_freed_memory()
