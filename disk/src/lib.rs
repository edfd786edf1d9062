//! A store on disk for the state of a Neo N3 chain, its blocks and the nodes of
//! its state trie.
#![forbid(unsafe_code)]
