"""The lab's screens: they show snapshots and send commands; they never compute what the engine should."""
