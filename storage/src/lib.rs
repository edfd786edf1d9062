//! The storage of a Neo N3 node: keys and values, the trait that a store
//! implements, and copy-on-write layers over it.
#![forbid(unsafe_code)]
