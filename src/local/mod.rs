//! The local endpoint.
