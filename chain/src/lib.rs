//! Transactions, witnesses, signers and blocks of Neo N3: reading, writing and hashing them.
#![forbid(unsafe_code)]
