using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Neovm.Tests
{
    /// <summary>Call-backs of storages: what they read, and what becomes of their exceptions.</summary>
    static class Storages
    {
        /// <summary>A job that gets and seeks: the candidates of NeoToken.</summary>
        static Job Seeking()
        {
            return Chain.Call("getCandidates");
        }

        [Test]
        static void CallBacksServeAnExecution()
        {
            var storage = new Watched();
            var receipt = Chain.Executor(storage).Run(Seeking());
            Assert.Equal(Outcome.Halt, receipt.Outcome);
            Assert.True(storage.Gets > 3 && storage.Seeks > 0 && storage.Prefetched > 0);
            Assert.Equal(0, storage.Open);
        }

        [Test]
        static void AnExceptionEndsTheRunAndComesOut()
        {
            var storage = new Watched();
            Chain.Executor(storage).Run(Seeking());
            int calls = 0, count = storage.Gets + storage.Seeks;
            for (int after = 0; after < count; after++)
            {
                int left = after;
                var failing = new Watched { Before = () => { calls++; if (left-- == 0) throw new IOException("disk " + after); } };
                calls = 0;
                var thrown = Assert.Throws<IOException>(() => Chain.Executor(failing).Run(Seeking()));
                Assert.Equal("disk " + after, thrown.Message);
                Assert.True(thrown.StackTrace.Contains("TryGet") || thrown.StackTrace.Contains("Seek"), thrown.StackTrace);
                Assert.Equal(after + 1, calls, "nothing is called after a failure;");
            }
        }

        sealed class Broken : IStorage
        {
            internal Func<byte[], IEnumerator<StorageEntry>> Entries;

            public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlyMemory<byte> value)
            {
                return Chain.State.TryGet(key, out value);
            }

            public IEnumerator<StorageEntry> Seek(byte[] prefix, byte[] from, bool backward)
            {
                return Entries(prefix);
            }
        }

        static IEnumerator<StorageEntry> List(params byte[][] keys)
        {
            return keys.Select(key => new StorageEntry(key, key)).GetEnumerator();
        }

        [Test]
        static void WhatCursorsGiveIsChecked()
        {
            var outside = new Broken { Entries = prefix => List(new byte[] { 1, 2, 3, 4, 5 }) };
            Assert.Fails(Status.Argument, () => Chain.Executor(outside).Run(Seeking()));
            var twice = new Broken { Entries = prefix => List(prefix.Concat(new byte[33]).ToArray(), prefix.Concat(new byte[33]).ToArray()) };
            Assert.True(Try(twice) != Outcome.Halt);
            var large = new Broken { Entries = prefix => List(prefix.Concat(new byte[17 << 20]).ToArray()) };
            Assert.Fails(Status.Limit, () => Chain.Executor(large).Run(Seeking()));
            var none = new Broken { Entries = prefix => null };
            Assert.Equal(Outcome.Halt, Chain.Executor(none).Run(Seeking()).Outcome);
            var throwing = new Broken { Entries = prefix => Throwing() };
            Assert.Throws<InvalidDataException>(() => Chain.Executor(throwing).Run(Seeking()));
        }

        static Outcome Try(IStorage storage)
        {
            try
            {
                return Chain.Executor(storage).Run(Seeking()).Outcome;
            }
            catch (NeovmException)
            {
                return Outcome.Callback;
            }
        }

        static IEnumerator<StorageEntry> Throwing()
        {
            throw new InvalidDataException();
#pragma warning disable 162
            yield break;
#pragma warning restore 162
        }

        [Test]
        static void AnExceptionOfACursorThatIsClosedIsNotLost()
        {
            var storage = new Watched { OnDispose = () => { throw new IOException("close"); } };
            Assert.Equal("close", Assert.Throws<IOException>(() => Chain.Executor(storage).Run(Seeking())).Message);
        }

        [Test]
        static void CallBacksMayRunJobs()
        {
            int depth = 0;
            Watched storage = null;
            storage = new Watched
            {
                Before = () =>
                {
                    if (depth == 3)
                        return;
                    depth++;
                    Assert.Equal("NEO", Chain.Executor(storage).Run(Chain.Call("symbol")).Stack.Single().Text);
                    depth--;
                }
            };
            Assert.Equal(Outcome.Halt, Chain.Executor(storage).Run(Chain.Script("11")).Outcome);
            Assert.True(storage.Gets > 20);
        }

        [Test]
        static void TheEngineMayGoWhileAJobRuns()
        {
            var engine = new Engine("private");
            var storage = new Watched { Before = engine.Dispose };
            Assert.Equal(Outcome.Halt, new Executor(engine, storage).Run(Chain.Call("symbol")).Outcome);
            Assert.Throws<ObjectDisposedException>(() => new Executor(engine, storage).Run(Chain.Call("symbol")));
            engine.Dispose();
        }

        [Test]
        static void MemoryStorageReadsInOrder()
        {
            var storage = new MemoryStorage();
            var keys = new[] { "01", "0100", "0101", "01ff", "02", "ff", "ffff" };
            foreach (var key in keys.Reverse())
                storage[Hex.Bytes(key)] = Hex.Bytes(key);
            Assert.Equal("01 0100 0101 01ff", Read(storage, "01", null, false));
            Assert.Equal("01ff 0101 0100 01", Read(storage, "01", null, true));
            Assert.Equal("0101 01ff", Read(storage, "01", "010050", false));
            Assert.Equal("0100 01", Read(storage, "01", "010050", true));
            Assert.Equal("0101 0100 01", Read(storage, "01", "0101", true));
            Assert.Equal("ffff ff", Read(storage, "ff", null, true));
            Assert.Equal("ffff ff 02 01ff 0101 0100 01", Read(storage, "", null, true));
            Assert.Equal("", Read(storage, "03", null, true));
            storage[Hex.Bytes("0101")] = null;
            Assert.Equal("01 0100 01ff", Read(storage, "01", null, false));
            Assert.Equal(6, storage.Count);
        }

        static string Read(IStorage storage, string prefix, string from, bool backward)
        {
            var entries = storage.Seek(Hex.Bytes(prefix), from == null ? null : Hex.Bytes(from), backward);
            var found = new List<string>();
            while (entries.MoveNext())
                found.Add(Hex.Of(entries.Current.Key.ToArray()));
            return string.Join(" ", found);
        }
    }
}
