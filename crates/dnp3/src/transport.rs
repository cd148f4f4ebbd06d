//! The transport function: fragments in segments.
