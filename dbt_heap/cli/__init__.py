"""Options to settings, errors to exit codes; one module a command, loaded when it is called."""
