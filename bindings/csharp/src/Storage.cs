using System;
using System.Collections.Generic;

namespace Neovm
{
    /// <summary>
    /// The state of a chain, which an execution only reads. Keys begin with the id of the contract in four bytes,
    /// little-endian. What is read does not change during an execution.
    /// </summary>
    /// <remarks>
    /// It is called on the thread that runs the job. An exception ends the execution, and comes out of
    /// <see cref="Executor.Run"/>.
    /// </remarks>
    public interface IStorage
    {
        /// <summary>Finds the value of a key.</summary>
        bool TryGet(ReadOnlySpan<byte> key, out ReadOnlyMemory<byte> value);

        /// <summary>
        /// Reads the entries whose keys start with a prefix, in the order of their keys as unsigned bytes, or against it.
        /// If <paramref name="from"/> is not null it starts at that key, or behind it in the direction of reading if it is
        /// not there. What is returned is disposed of when nothing more is read.
        /// </summary>
        IEnumerator<StorageEntry> Seek(byte[] prefix, byte[] from, bool backward);
    }

    /// <summary>A storage that fetches from afar, and can fetch many entries at once.</summary>
    public interface IPrefetchingStorage : IStorage
    {
        /// <summary>Tells which keys will be read soon.</summary>
        void Prefetch(IReadOnlyList<byte[]> keys);
    }

    /// <summary>
    /// A storage whose blocks and transactions are kept elsewhere than in the storage of LedgerContract: it is asked for
    /// them, and not for that contract's keys. Hashes have 32 bytes, in the order that scripts see.
    /// </summary>
    public interface ILedgerStorage : IStorage
    {
        /// <summary>Finds hash and height of the last block that was persisted.</summary>
        bool TryGetCurrentBlock(out byte[] hash, out uint index);

        /// <summary>Finds the hash of the block at a height.</summary>
        bool TryGetBlockHash(uint index, out byte[] hash);

        /// <summary>Finds the header of the block with a hash, and the hashes of its transactions.</summary>
        bool TryGetBlock(byte[] hash, out byte[] header, out IReadOnlyList<byte[]> transactionHashes);

        /// <summary>Finds the transaction with a hash, and the height of its block.</summary>
        bool TryGetTransaction(byte[] hash, out byte[] transaction, out uint blockIndex);

        /// <summary>
        /// Finds the height of the last block with a transaction that conflicts with the one of a hash;
        /// <paramref name="signer"/> is null, or the account of 20 bytes that has signed it.
        /// </summary>
        bool TryGetConflict(byte[] hash, byte[] signer, out uint blockIndex);
    }

    /// <summary>A key and its value.</summary>
    public struct StorageEntry
    {
        /// <summary>Makes an entry.</summary>
        public StorageEntry(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value)
        {
            Key = key;
            Value = value;
        }

        /// <summary>The key, with the id of the contract in its first four bytes.</summary>
        public ReadOnlyMemory<byte> Key { get; }

        /// <summary>The value.</summary>
        public ReadOnlyMemory<byte> Value { get; }
    }

    /// <summary>A storage in memory. Any number of threads may read it, while none changes it.</summary>
    public sealed class MemoryStorage : IStorage
    {
        readonly SortedList<byte[], byte[]> entries = new SortedList<byte[], byte[]>(new InOrder());

        /// <summary>The number of entries.</summary>
        public int Count
        {
            get { return entries.Count; }
        }

        /// <summary>The entries in the order of their keys.</summary>
        public IEnumerable<KeyValuePair<byte[], byte[]>> Entries
        {
            get { return entries; }
        }

        /// <summary>The value of a key, or null. Setting null deletes the key.</summary>
        public byte[] this[byte[] key]
        {
            get
            {
                byte[] value;
                return entries.TryGetValue(key, out value) ? value : null;
            }
            set
            {
                if (value == null)
                    entries.Remove(key);
                else
                    entries[(byte[])key.Clone()] = value;
            }
        }

        /// <summary>Makes the changes that a receipt lists.</summary>
        public void Apply(Receipt receipt)
        {
            foreach (var change in receipt.Changes)
                this[change.Key] = change.Value;
        }

        /// <summary>Another storage with the same entries.</summary>
        public MemoryStorage Copy()
        {
            var copy = new MemoryStorage();
            copy.entries.Capacity = entries.Count;
            foreach (var entry in entries)
                copy.entries.Add(entry.Key, entry.Value);
            return copy;
        }

        /// <inheritdoc/>
        public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlyMemory<byte> value)
        {
            byte[] found = this[key.ToArray()];
            value = found;
            return found != null;
        }

        /// <inheritdoc/>
        public IEnumerator<StorageEntry> Seek(byte[] prefix, byte[] from, bool backward)
        {
            int step = backward ? -1 : 1;
            int start = backward ? (from == null ? EndOf(prefix) : Place(from, true)) - 1 : Place(from ?? prefix, false);
            for (int i = start; i >= 0 && i < entries.Count && StartsWith(entries.Keys[i], prefix); i += step)
                yield return new StorageEntry(entries.Keys[i], entries.Values[i]);
        }

        /// <summary>The number of keys that are less than one, or not greater.</summary>
        int Place(byte[] key, bool orEqual)
        {
            int low = 0, high = entries.Count;
            while (low < high)
            {
                int middle = low + (high - low) / 2;
                int order = InOrder.Compare(entries.Keys[middle], key);
                if (order < 0 || orEqual && order == 0)
                    low = middle + 1;
                else
                    high = middle;
            }
            return low;
        }

        /// <summary>The number of keys up to the last one with a prefix.</summary>
        int EndOf(byte[] prefix)
        {
            var next = (byte[])prefix.Clone();
            for (int i = next.Length - 1; i >= 0; i--)
                if (++next[i] != 0)
                    return Place(next, false);
            return entries.Count;
        }

        static bool StartsWith(byte[] key, byte[] prefix)
        {
            return key.AsSpan().StartsWith(prefix);
        }

        /// <summary>The order of keys.</summary>
        sealed class InOrder : IComparer<byte[]>
        {
            int IComparer<byte[]>.Compare(byte[] first, byte[] second)
            {
                return Compare(first, second);
            }

            internal static int Compare(byte[] first, byte[] second)
            {
                return first.AsSpan().SequenceCompareTo(second);
            }
        }
    }
}
