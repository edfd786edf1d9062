using System;
using System.Collections.Generic;
using System.Numerics;

namespace Neovm
{
    /// <summary>How an execution ended.</summary>
    public enum Outcome : uint
    {
        /// <summary>It has not.</summary>
        None = 0,

        /// <summary>The script ran to its end.</summary>
        Halt = Native.NEOVM_OUTCOME_HALT,

        /// <summary>With a fault.</summary>
        Fault = Native.NEOVM_OUTCOME_FAULT,

        /// <summary>It was stopped: it has used its budget of instructions. A machine can go on.</summary>
        Budget = Native.NEOVM_OUTCOME_BUDGET,

        /// <summary>It was stopped from outside. A machine can go on.</summary>
        Interrupted = Native.NEOVM_OUTCOME_INTERRUPTED,

        /// <summary>A call-back of a machine failed, which says nothing of the script.</summary>
        Callback = Native.NEOVM_OUTCOME_CALLBACK,
    }

    /// <summary>Why and where an execution faulted.</summary>
    public sealed class Fault
    {
        internal unsafe Fault(neovm_receipt_data* data)
        {
            Message = Library.Text(data->fault);
            HasPlace = data->fault_position >= 0;
            Position = data->fault_position;
            Depth = (int)data->fault_depth;
            OpCode = data->fault_opcode;
            ScriptHash = Library.Copy(data->fault_script, 20);
            IsAtEnd = data->fault_at_end != 0;
        }

        /// <summary>Why, in words that may differ from those of other nodes.</summary>
        public string Message { get; }

        /// <summary>Whether it has a place: the members below.</summary>
        public bool HasPlace { get; }

        /// <summary>The position in the script, in bytes; -1 if it has no place.</summary>
        public long Position { get; }

        /// <summary>The depth of the invocation stack.</summary>
        public int Depth { get; }

        /// <summary>The opcode; -1 if there is none.</summary>
        public int OpCode { get; }

        /// <summary>The script's hash.</summary>
        public byte[] ScriptHash { get; }

        /// <summary>Whether it is at the end of the script, where a RET is not written.</summary>
        public bool IsAtEnd { get; }
    }

    /// <summary>A notification.</summary>
    public sealed class Notification
    {
        internal unsafe Notification(neovm_notification* data, StackItem[] nodes)
        {
            Contract = Library.Copy(data->contract, 20);
            Event = Library.Text(data->@event);
            State = nodes[data->state];
        }

        /// <summary>The contract's hash.</summary>
        public byte[] Contract { get; }

        /// <summary>The name of the event.</summary>
        public string Event { get; }

        /// <summary>The event's values: an array.</summary>
        public StackItem State { get; }
    }

    /// <summary>A message that a script logged.</summary>
    public sealed class Log
    {
        internal unsafe Log(neovm_log* data)
        {
            ScriptHash = Library.Copy(data->script_hash, 20);
            Message = Library.Text(data->message);
        }

        /// <summary>The script's hash.</summary>
        public byte[] ScriptHash { get; }

        /// <summary>The message.</summary>
        public string Message { get; }
    }

    /// <summary>A change to the storage. It may be to the value that is there already.</summary>
    public sealed class Change
    {
        internal unsafe Change(neovm_change* data)
        {
            Key = Library.Copy(data->key);
            Value = data->deleted != 0 ? null : Library.Copy(data->value);
        }

        /// <summary>The key, with the id of the contract in its first four bytes, little-endian.</summary>
        public byte[] Key { get; }

        /// <summary>The new value; null if the entry is deleted.</summary>
        public byte[] Value { get; }
    }

    /// <summary>A script that ran.</summary>
    public sealed class CallNode
    {
        internal unsafe CallNode(neovm_call* data)
        {
            ScriptHash = Library.Copy(data->script_hash, 20);
            Depth = (int)data->depth;
        }

        /// <summary>The script's hash.</summary>
        public byte[] ScriptHash { get; }

        /// <summary>0 for the script that was loaded first.</summary>
        public int Depth { get; }
    }

    /// <summary>What came of a job. It does not change, and holds nothing of the library.</summary>
    public sealed class Receipt
    {
        internal unsafe Receipt(neovm_receipt_data* data)
        {
            Outcome = (Outcome)data->outcome;
            GasPico = (new BigInteger(data->gas_pico_high) << 64) + data->gas_pico_low;
            Gas = data->gas_datoshi;
            Instructions = data->instructions;
            Fault = Outcome == Outcome.Fault ? new Fault(data) : null;
            var nodes = new StackItem[(int)data->node_count];
            for (int i = 0; i < nodes.Length; i++)
                nodes[i] = new StackItem(&data->nodes[i]);
            for (int i = 0; i < nodes.Length; i++)
                nodes[i].Link(&data->nodes[i], nodes);
            var stack = new StackItem[(int)data->stack_count];
            for (int i = 0; i < stack.Length; i++)
                stack[i] = nodes[data->stack[i]];
            var notifications = new Notification[(int)data->notification_count];
            for (int i = 0; i < notifications.Length; i++)
                notifications[i] = new Notification(&data->notifications[i], nodes);
            var logs = new Log[(int)data->log_count];
            for (int i = 0; i < logs.Length; i++)
                logs[i] = new Log(&data->logs[i]);
            var changes = new Change[(int)data->change_count];
            for (int i = 0; i < changes.Length; i++)
                changes[i] = new Change(&data->changes[i]);
            var calls = new CallNode[(int)data->call_count];
            for (int i = 0; i < calls.Length; i++)
                calls[i] = new CallNode(&data->calls[i]);
            Stack = stack;
            Notifications = notifications;
            Logs = logs;
            Changes = changes;
            Calls = calls;
            File = (ulong)data->file.length == 0 ? null : Library.Text(data->file);
        }

        /// <summary>How the execution ended: by HALT, by a fault, or stopped by its budget.</summary>
        public Outcome Outcome { get; }

        /// <summary>The gas that was consumed, in picoGAS (10^-12 GAS).</summary>
        public BigInteger GasPico { get; }

        /// <summary>The gas in datoshi, rounded up; the gas limit if it does not fit, as nodes report it.</summary>
        public long Gas { get; }

        /// <summary>The number of instructions.</summary>
        public ulong Instructions { get; }

        /// <summary>Why it faulted; null if it did not.</summary>
        public Fault Fault { get; }

        /// <summary>The result stack, the top last.</summary>
        public IReadOnlyList<StackItem> Stack { get; }

        /// <summary>The notifications; none after a fault.</summary>
        public IReadOnlyList<Notification> Notifications { get; }

        /// <summary>The messages of scripts, also those before a fault.</summary>
        public IReadOnlyList<Log> Logs { get; }

        /// <summary>The changes to the storage in the order of their keys; none after a fault.</summary>
        public IReadOnlyList<Change> Changes { get; }

        /// <summary>The scripts that ran, if the job wants them: a tree, each node before those below it.</summary>
        public IReadOnlyList<CallNode> Calls { get; }

        /// <summary>A job file, if the job wants it: JSON; otherwise null.</summary>
        public string File { get; }
    }
}
