"""The verbs of `seawall respond`: contain, notify and warn after an incident."""
