"""What ``hub doctor`` looks at; each module returns findings about one thing."""
