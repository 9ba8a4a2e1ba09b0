"""The first page: what it is for, what comes next, what lies ahead."""
