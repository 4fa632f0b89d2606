"""The routes: one module for each concept; each has a `blueprint`."""
