"""The command `nettools`: parses arguments, calls the facade, prints. Knows no protocol beyond its options."""
