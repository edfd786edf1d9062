package neovm

// Storage is the state of a chain, which executions read and never write.
//
// Keys begin with the id of the contract in four bytes, little-endian. What is read must not
// change while a job runs. Slices that are passed are valid until the method returns, and must be
// copied to be kept; slices that are returned are read before another method is called.
//
// An error ends the execution: Run returns it within a [StorageError].
//
// A storage may implement [Prefetcher] and [Ledger], too.
type Storage interface {
	// Get returns the value of a key; found is false if there is none.
	Get(key []byte) (value []byte, found bool, err error)
	// Seek begins to read the entries whose keys start with prefix, in the order of their keys as
	// unsigned bytes, or against it if backward is set. If from is not nil it starts at that key, or
	// behind it in the direction of reading if it is not there.
	Seek(prefix, from []byte, backward bool) (Cursor, error)
}

// Cursor reads entries one after another.
type Cursor interface {
	// Next returns the next entry; found is false if there are no more.
	Next() (key, value []byte, found bool, err error)
	// Close ends reading. It is called once.
	Close()
}

// Prefetcher is a storage that fetches from afar: it is told which keys will be read soon.
type Prefetcher interface {
	// Prefetch may read keys ahead. Those who ask for them still call Get.
	Prefetch(keys [][]byte)
}

// Ledger is a storage that does not keep blocks and transactions as entries of LedgerContract,
// as the reference node does, and answers what executions ask of them in another way.
type Ledger interface {
	// CurrentBlock returns hash and height of the last block that was persisted.
	CurrentBlock() (hash Hash256, index uint32, found bool, err error)
	// BlockHash returns the hash of the block at a height.
	BlockHash(index uint32) (hash Hash256, found bool, err error)
	// Block returns the bytes of a header, and the hashes of the block's transactions.
	Block(hash Hash256) (header []byte, transactions []Hash256, found bool, err error)
	// Transaction returns the bytes of a transaction, and the height of its block.
	Transaction(hash Hash256) (transaction []byte, index uint32, found bool, err error)
	// Conflict returns the height of the last block with a transaction that conflicts with the one
	// of a hash. signer is nil, or the account that has signed it.
	Conflict(hash Hash256, signer *Hash160) (index uint32, found bool, err error)
}

// Change is a change to the storage. It may be to the value that is there already.
type Change struct {
	// Key is the key, with the id of the contract in its first four bytes.
	Key []byte
	// Value is the new value; nil if the entry is deleted.
	Value []byte
}
