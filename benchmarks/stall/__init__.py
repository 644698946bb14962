"""What a load test says of a service that stalls on a schedule, beside what was true."""
