"""What HTTP to others goes through: patience with what fails, and deadlines for what drips."""
