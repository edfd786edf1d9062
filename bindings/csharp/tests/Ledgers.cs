using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Numerics;

namespace Neovm.Tests
{
    /// <summary>A storage that keeps blocks elsewhere.</summary>
    static class Ledgers
    {
        static readonly byte[] contract = Hex.Bytes("bef2043140362a77c15099c7e64c12f700b665da");
        const string Id = "fcffffff";

        /// <summary>Serves the genesis block by look-ups, and one transaction.</summary>
        sealed class Blocks : ILedgerStorage
        {
            internal int Lookups;
            internal Action Before = () => { };
            internal byte[] Hash = Chain.State[Hex.Bytes(Id + "0900000000")];
            internal readonly byte[] Known = Enumerable.Repeat((byte)1, 32).ToArray();
            internal byte[] Raw;

            public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlyMemory<byte> value)
            {
                if (Hex.Of(key.ToArray()).StartsWith(Id))
                    throw new Exception("a key of the ledger is read: " + Hex.Of(key.ToArray()));
                return Chain.State.TryGet(key, out value);
            }

            public IEnumerator<StorageEntry> Seek(byte[] prefix, byte[] from, bool backward)
            {
                return Chain.State.Seek(prefix, from, backward);
            }

            void Count()
            {
                Lookups++;
                Before();
            }

            public bool TryGetCurrentBlock(out byte[] hash, out uint index)
            {
                Count();
                hash = Hash;
                index = 0;
                return true;
            }

            public bool TryGetBlockHash(uint index, out byte[] hash)
            {
                Count();
                hash = index == 0 ? Hash : null;
                return index == 0;
            }

            public bool TryGetBlock(byte[] hash, out byte[] header, out IReadOnlyList<byte[]> transactionHashes)
            {
                Count();
                // The header, and the number of transactions: none.
                var stored = Chain.State[Hex.Bytes(Id + "05" + Hex.Of(hash))];
                header = stored.Take(stored.Length - 1).ToArray();
                transactionHashes = new[] { Known, Known };
                return true;
            }

            public bool TryGetTransaction(byte[] hash, out byte[] transaction, out uint blockIndex)
            {
                Count();
                transaction = Raw;
                blockIndex = 0;
                return Raw != null && hash.SequenceEqual(Known);
            }

            public bool TryGetConflict(byte[] hash, byte[] signer, out uint blockIndex)
            {
                Count();
                blockIndex = 0;
                return false;
            }
        }

        static Receipt Call(Blocks blocks, string method, string arguments = null)
        {
            return Chain.Executor(blocks).Run(new Job { Gas = 1000000000, Call = new Call(contract, method, arguments) });
        }

        static string Argument(string type, string value)
        {
            return "[{\"type\":\"" + type + "\",\"value\":\"" + value + "\"}]";
        }

        [Test]
        static void LookupsAnswerForTheLedger()
        {
            var blocks = new Blocks();
            Assert.Equal(BigInteger.Zero, Call(blocks, "currentIndex").Stack.Single().Integer);
            var block = Call(blocks, "getBlock", Argument("Integer", "0")).Stack.Single().Items;
            Assert.Equal(blocks.Hash, block[0].Bytes);
            Assert.Equal(new BigInteger(2), block[block.Count - 1].Integer, "transactions:");
            var none = Call(blocks, "getTransactionHeight", Argument("ByteString", Convert.ToBase64String(blocks.Known)));
            Assert.Equal(BigInteger.MinusOne, none.Stack.Single().Integer);
            Assert.True(blocks.Lookups > 5);
        }

        [Test]
        static void ExceptionsComeOut()
        {
            var failing = new Blocks { Before = () => { throw new IOException("blocks"); } };
            Assert.Throws<IOException>(() => Call(failing, "currentIndex"));
            Assert.Throws<ArgumentException>(() => Call(new Blocks { Hash = new byte[31] }, "currentIndex"));
            Assert.Throws<ArgumentException>(() => Call(new Blocks { Hash = null }, "currentIndex"));
            var malformed = new Blocks { Raw = new byte[] { 1, 2, 3 } };
            var hash = Argument("ByteString", Convert.ToBase64String(malformed.Known));
            Assert.Fails(Status.Input, () => Call(malformed, "getTransaction", hash));
        }
    }
}
