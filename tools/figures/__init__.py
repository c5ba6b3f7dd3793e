"""The figures of README and docs: one command measures them on a commit, keeps them as JSON, and writes them between markers."""
