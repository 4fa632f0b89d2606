"""What crosses the API: one module per concept, and the shapes and field types they are made of."""
