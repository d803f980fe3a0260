"""Language models: the embedded one, endpoints, and the store of replies."""
