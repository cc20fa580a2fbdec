"""Helpers for a course on transfer learning and GANs.

Importing the package is cheap: TensorFlow is loaded by the first function that needs it.
"""

__version__ = "0.1.0"
