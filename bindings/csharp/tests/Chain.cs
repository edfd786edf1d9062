using System;
using System.Collections.Generic;

namespace Neovm.Tests
{
    /// <summary>A private network behind its genesis block, which tests share and do not change.</summary>
    static class Chain
    {
        internal static readonly byte[] Neo = Hex.Bytes("f563ea40bc283d4d0e05c48ea305b3f2a07340ef");
        internal static readonly Engine Engine = new Engine(new EngineOptions { Network = "private", Compile = Compile.Foreground });
        internal static readonly MemoryStorage State = Genesis(Engine, new Job
        {
            BlockFields = new BlockFields { Timestamp = 1468595301000, Nonce = 2083236893, NextConsensus = new byte[20] },
        });

        /// <summary>The state behind a genesis block, which the job names.</summary>
        internal static MemoryStorage Genesis(Engine engine, Job job)
        {
            var state = new MemoryStorage();
            foreach (var trigger in new[] { Trigger.OnPersist, Trigger.PostPersist })
            {
                job.Trigger = trigger;
                var receipt = new Executor(engine, state).Run(job);
                Assert.Equal(Outcome.Halt, receipt.Outcome);
                state.Apply(receipt);
            }
            return state;
        }

        internal static Executor Executor(IStorage storage = null)
        {
            return new Executor(Engine, storage ?? State);
        }

        /// <summary>A job that runs a script, in hexadecimal.</summary>
        internal static Job Script(string script)
        {
            return new Job { Gas = 10 * 100000000L, Script = Hex.Bytes(script) };
        }

        internal static Job Call(string method, string arguments = null)
        {
            return new Job { Gas = 10 * 100000000L, Call = new Call(Neo, method, arguments) };
        }
    }

    /// <summary>A storage that counts, and does what a test wants before it answers.</summary>
    sealed class Watched : IPrefetchingStorage
    {
        internal Action Before = () => { };
        internal Action OnDispose = () => { };
        internal int Gets, Seeks, Open, Prefetched;

        public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlyMemory<byte> value)
        {
            Gets++;
            Before();
            return Chain.State.TryGet(key, out value);
        }

        public IEnumerator<StorageEntry> Seek(byte[] prefix, byte[] from, bool backward)
        {
            Seeks++;
            Open++;
            Before();
            return Entries(Chain.State.Seek(prefix, from, backward));
        }

        IEnumerator<StorageEntry> Entries(IEnumerator<StorageEntry> entries)
        {
            try
            {
                while (entries.MoveNext())
                {
                    Before();
                    yield return entries.Current;
                }
            }
            finally
            {
                Open--;
                OnDispose();
            }
        }

        public void Prefetch(IReadOnlyList<byte[]> keys)
        {
            Prefetched += keys.Count;
        }
    }
}
