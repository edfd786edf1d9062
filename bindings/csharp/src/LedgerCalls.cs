using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Neovm
{
    /// <summary>The look-ups of blocks and transactions.</summary>
    sealed unsafe partial class StorageCalls
    {
        const int HashLength = 32, AccountLength = 20;

        static readonly neovm_storage_current_block currentBlock = CurrentBlock;
        static readonly neovm_storage_block_hash blockHash = BlockHash;
        static readonly neovm_storage_block block = Block;
        static readonly neovm_storage_transaction transaction = Transaction;
        static readonly neovm_storage_conflict conflict = Conflict;
        static readonly IntPtr currentBlockPointer = Marshal.GetFunctionPointerForDelegate(currentBlock);
        static readonly IntPtr blockHashPointer = Marshal.GetFunctionPointerForDelegate(blockHash);
        static readonly IntPtr blockPointer = Marshal.GetFunctionPointerForDelegate(block);
        static readonly IntPtr transactionPointer = Marshal.GetFunctionPointerForDelegate(transaction);
        static readonly IntPtr conflictPointer = Marshal.GetFunctionPointerForDelegate(conflict);

        static void AddLookups(neovm_storage* table)
        {
            table->current_block = (void*)currentBlockPointer;
            table->block_hash = (void*)blockHashPointer;
            table->block = (void*)blockPointer;
            table->transaction = (void*)transactionPointer;
            table->conflict = (void*)conflictPointer;
        }

        ILedgerStorage Ledger
        {
            get { return (ILedgerStorage)storage; }
        }

        static void Write(byte[] hash, byte* to)
        {
            if (hash == null || hash.Length != HashLength)
                throw new ArgumentException("a storage gave a hash that has not 32 bytes");
            Marshal.Copy(hash, 0, (IntPtr)to, HashLength);
        }

        static int CurrentBlock(void* context, byte* hash, uint* index)
        {
            var calls = Of(context);
            try
            {
                byte[] found;
                uint height;
                if (!calls.Ledger.TryGetCurrentBlock(out found, out height))
                    return Native.NEOVM_NONE;
                Write(found, hash);
                *index = height;
                return Native.NEOVM_SOME;
            }
            catch (Exception exception)
            {
                return calls.Fail(exception);
            }
        }

        static int BlockHash(void* context, uint index, byte* hash)
        {
            var calls = Of(context);
            try
            {
                byte[] found;
                if (!calls.Ledger.TryGetBlockHash(index, out found))
                    return Native.NEOVM_NONE;
                Write(found, hash);
                return Native.NEOVM_SOME;
            }
            catch (Exception exception)
            {
                return calls.Fail(exception);
            }
        }

        static int Block(void* context, byte* hash, neovm_bytes* header, neovm_bytes* transactionHashes)
        {
            var calls = Of(context);
            try
            {
                byte[] found;
                IReadOnlyList<byte[]> hashes;
                if (!calls.Ledger.TryGetBlock(Library.Copy(hash, HashLength), out found, out hashes))
                    return Native.NEOVM_NONE;
                calls.Reserve(found.Length + hashes.Count * HashLength);
                *header = calls.Keep(found, 0);
                for (int i = 0; i < hashes.Count; i++)
                    Write(hashes[i], (byte*)calls.room + found.Length + i * HashLength);
                *transactionHashes = new neovm_bytes
                {
                    data = (byte*)calls.room + found.Length,
                    length = (UIntPtr)(hashes.Count * HashLength),
                };
                return Native.NEOVM_SOME;
            }
            catch (Exception exception)
            {
                return calls.Fail(exception);
            }
        }

        static int Transaction(void* context, byte* hash, neovm_bytes* transaction, uint* blockIndex)
        {
            var calls = Of(context);
            try
            {
                byte[] found;
                uint height;
                if (!calls.Ledger.TryGetTransaction(Library.Copy(hash, HashLength), out found, out height))
                    return Native.NEOVM_NONE;
                calls.Reserve(found.Length);
                *transaction = calls.Keep(found, 0);
                *blockIndex = height;
                return Native.NEOVM_SOME;
            }
            catch (Exception exception)
            {
                return calls.Fail(exception);
            }
        }

        static int Conflict(void* context, byte* hash, byte* signer, uint* blockIndex)
        {
            var calls = Of(context);
            try
            {
                var account = signer == null ? null : Library.Copy(signer, AccountLength);
                uint height;
                if (!calls.Ledger.TryGetConflict(Library.Copy(hash, HashLength), account, out height))
                    return Native.NEOVM_NONE;
                *blockIndex = height;
                return Native.NEOVM_SOME;
            }
            catch (Exception exception)
            {
                return calls.Fail(exception);
            }
        }
    }
}
