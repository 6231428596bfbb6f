"""What a backend needs to run a layer as one compiled program."""
