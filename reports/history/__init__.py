"""The runs in a folder side by side: verdicts, key figures over time, and where they changed."""
