//! The application layer: fragments, object headers, objects.
