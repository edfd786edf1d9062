using System;
using System.Runtime.InteropServices;

namespace Neovm
{
    /// <summary>Why a script runs.</summary>
    public enum Trigger : uint
    {
        /// <summary>A transaction or a test invocation.</summary>
        Application = Native.NEOVM_TRIGGER_APPLICATION,

        /// <summary>A witness.</summary>
        Verification = Native.NEOVM_TRIGGER_VERIFICATION,

        /// <summary>What native contracts do before the transactions of a block.</summary>
        OnPersist = Native.NEOVM_TRIGGER_ON_PERSIST,

        /// <summary>What native contracts do after the transactions of a block.</summary>
        PostPersist = Native.NEOVM_TRIGGER_POST_PERSIST,
    }

    /// <summary>What contains a script.</summary>
    public enum Container : uint
    {
        /// <summary>The transaction, if there is one.</summary>
        Default = Native.NEOVM_CONTAINER_DEFAULT,

        /// <summary>Nothing.</summary>
        None = Native.NEOVM_CONTAINER_NONE,

        /// <summary>The block.</summary>
        Block = Native.NEOVM_CONTAINER_BLOCK,
    }

    /// <summary>What a script may do.</summary>
    [Flags]
    public enum CallFlags : byte
    {
        /// <summary>Nothing of the following.</summary>
        None = 0,

        /// <summary>Read the storage.</summary>
        ReadStates = 1,

        /// <summary>Write the storage.</summary>
        WriteStates = 2,

        /// <summary>Call contracts.</summary>
        AllowCall = 4,

        /// <summary>Send notifications.</summary>
        AllowNotify = 8,

        /// <summary>Read and write the storage.</summary>
        States = ReadStates | WriteStates,

        /// <summary>Read the storage, and call contracts.</summary>
        ReadOnly = ReadStates | AllowCall,

        /// <summary>All of it.</summary>
        All = States | AllowCall | AllowNotify,
    }

    /// <summary>The fields of a block's header that scripts can see. Hashes are in the order of bytes that scripts see.</summary>
    public sealed class BlockFields
    {
        /// <summary>The height.</summary>
        public uint Index { get; set; }

        /// <summary>Milliseconds since 1970.</summary>
        public ulong Timestamp { get; set; }

        /// <summary>The random number of the block.</summary>
        public ulong Nonce { get; set; }

        /// <summary>The position of the node that proposed it.</summary>
        public byte Primary { get; set; }

        /// <summary>32 bytes; zeros if null.</summary>
        public byte[] PreviousHash { get; set; }

        /// <summary>32 bytes; zeros if null.</summary>
        public byte[] MerkleRoot { get; set; }

        /// <summary>20 bytes; zeros if null.</summary>
        public byte[] NextConsensus { get; set; }

        internal unsafe void Write(neovm_block* block)
        {
            *block = new neovm_block
            {
                size = (UIntPtr)sizeof(neovm_block),
                timestamp = Timestamp,
                nonce = Nonce,
                index = Index,
                primary = Primary,
            };
            Write(PreviousHash, block->previous_hash, 32, "PreviousHash");
            Write(MerkleRoot, block->merkle_root, 32, "MerkleRoot");
            Write(NextConsensus, block->next_consensus, 20, "NextConsensus");
        }

        static unsafe void Write(byte[] hash, byte* to, int length, string name)
        {
            if (hash == null)
                return;
            if (hash.Length != length)
                throw new ArgumentException(name + " has " + hash.Length + " bytes, not " + length);
            Marshal.Copy(hash, 0, (IntPtr)to, length);
        }
    }

    /// <summary>A witness of a transaction.</summary>
    public sealed class Witness
    {
        /// <summary>The 20 bytes of the account.</summary>
        public byte[] Account { get; set; }

        /// <summary>Its invocation script.</summary>
        public byte[] Invocation { get; set; }

        /// <summary>Its verification script; without one the account is a contract.</summary>
        public byte[] Verification { get; set; }
    }

    /// <summary>A call of a contract.</summary>
    public sealed class Call
    {
        /// <summary>Makes a call.</summary>
        /// <param name="contract">The 20 bytes of the contract's hash, in the order that scripts see.</param>
        /// <param name="method">The method.</param>
        /// <param name="arguments">A list as JSON, in the form that the RPC takes; none if null.</param>
        public Call(byte[] contract, string method, string arguments = null)
        {
            Contract = contract;
            Method = method;
            Arguments = arguments;
        }

        /// <summary>The 20 bytes of the contract's hash.</summary>
        public byte[] Contract { get; }

        /// <summary>The method.</summary>
        public string Method { get; }

        /// <summary>The arguments, as JSON.</summary>
        public string Arguments { get; }
    }

    /// <summary>
    /// What is to be executed. What runs is, if given: the script; the call; the witness; otherwise what
    /// <see cref="Trigger"/> says runs: the transaction's script, or what native contracts do before or after a block.
    /// </summary>
    public sealed class Job
    {
        /// <summary>The job as JSON, see docs/embedding.md. It stands for all members down to <see cref="Call"/>.</summary>
        public string Json { get; set; }

        /// <summary>The gas limit, in datoshi.</summary>
        public long Gas { get; set; }

        /// <summary>Why the script runs.</summary>
        public Trigger Trigger { get; set; } = Trigger.Application;

        /// <summary>What contains the script.</summary>
        public Container Container { get; set; }

        /// <summary>The bytes of the transaction.</summary>
        public byte[] Transaction { get; set; }

        /// <summary>The bytes of the block that is being persisted, or of its header alone.</summary>
        public byte[] Block { get; set; }

        /// <summary>The header's fields, if <see cref="Block"/> is not given.</summary>
        public BlockFields BlockFields { get; set; }

        /// <summary>A script.</summary>
        public byte[] Script { get; set; }

        /// <summary>What the script may do.</summary>
        public CallFlags CallFlags { get; set; } = CallFlags.All;

        /// <summary>A witness to verify.</summary>
        public Witness Witness { get; set; }

        /// <summary>A call of a contract.</summary>
        public Call Call { get; set; }

        /// <summary>Whether the receipt has the call tree. The execution is slower.</summary>
        public bool WantsCalls { get; set; }

        /// <summary>Whether the receipt has a job file with the storage that was read, for <c>neovm job run</c>.</summary>
        public bool WantsFile { get; set; }

        /// <summary>The number of instructions after which the execution is stopped; 0 for no limit.</summary>
        public ulong Budget { get; set; }

        /// <summary>Writes the job. <paramref name="block"/> is where its block's fields go.</summary>
        internal unsafe void Write(neovm_job* job, neovm_block* block, Pins pins)
        {
            *job = new neovm_job
            {
                size = (UIntPtr)sizeof(neovm_job),
                json = pins.Add(Json),
                gas = Gas,
                trigger = (uint)Trigger,
                container = (uint)Container,
                transaction = pins.AddCopy(Transaction),
                block = pins.AddCopy(Block),
                script = pins.Add(Script),
                call_flags = Native.NEOVM_CALL_FLAGS_GIVEN | (uint)CallFlags,
                wanted = (WantsCalls ? Native.NEOVM_WANT_CALLS : 0) | (WantsFile ? Native.NEOVM_WANT_FILE : 0),
                budget = Budget,
            };
            if (BlockFields != null)
            {
                BlockFields.Write(block);
                job->block_fields = block;
            }
            if (Witness != null)
            {
                job->witness_account = pins.Add(Witness.Account);
                job->invocation = pins.Add(Witness.Invocation);
                job->verification = pins.Add(Witness.Verification);
            }
            if (Call != null)
            {
                job->call_contract = pins.Add(Call.Contract);
                job->call_method = pins.Add(Call.Method);
                job->call_arguments = pins.Add(Call.Arguments ?? "[]");
            }
        }
    }
}
