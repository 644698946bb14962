"""How much one instance carries: the search for it, the models behind it, and what follows for replicas."""
