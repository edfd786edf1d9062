using System;

namespace Neovm
{
    /// <summary>Why a function of the library failed.</summary>
    public enum Status
    {
        /// <summary>Success.</summary>
        Ok = Native.NEOVM_OK,

        /// <summary>An argument has a value that it cannot have.</summary>
        Argument = Native.NEOVM_ERR_ARGUMENT,

        /// <summary>The library is older than this package.</summary>
        Size = Native.NEOVM_ERR_SIZE,

        /// <summary>An item was released or is another machine's, or a machine is another thread's.</summary>
        Handle = Native.NEOVM_ERR_HANDLE,

        /// <summary>The machine is running.</summary>
        Busy = Native.NEOVM_ERR_BUSY,

        /// <summary>Bytes or JSON cannot be read.</summary>
        Input = Native.NEOVM_ERR_INPUT,

        /// <summary>The storage lacks what every execution reads, or what is there is damaged.</summary>
        State = Native.NEOVM_ERR_STATE,

        /// <summary>There would be too many items, or values that are too large.</summary>
        Limit = Native.NEOVM_ERR_LIMIT,

        /// <summary>A defect of the library.</summary>
        Panic = Native.NEOVM_ERR_PANIC,

        /// <summary>What was asked for is a fault of the script.</summary>
        Fault = Native.NEOVM_ERR_FAULT,
    }

    /// <summary>A function of the library failed.</summary>
    public class NeovmException : Exception
    {
        /// <summary>Makes an exception.</summary>
        public NeovmException(Status status, string message) : base(message)
        {
            Status = status;
        }

        NeovmException(Status status, object origin) : this(status, Library.StatusText((int)status))
        {
            Origin = origin;
        }

        /// <summary>Why the function failed.</summary>
        public Status Status { get; }

        /// <summary>The machine that the function was called for.</summary>
        internal object Origin { get; }

        /// <summary>Throws an exception if a function failed.</summary>
        internal static void Check(int status)
        {
            CheckFor(null, status);
        }

        /// <summary>Throws an exception if a function failed that was called for a machine.</summary>
        internal static void CheckFor(object origin, int status)
        {
            if (status != Native.NEOVM_OK)
                throw new NeovmException((Status)status, origin);
        }

        /// <summary>Throws an exception if a function failed, with what it said.</summary>
        internal static unsafe void Check(int status, neovm_message* message)
        {
            if (status == Native.NEOVM_OK)
                return;
            var text = Library.Text(new neovm_bytes { data = message->text, length = message->length });
            throw new NeovmException((Status)status, text.Length > 0 ? text : Library.StatusText(status));
        }
    }

    /// <summary>Thrown by a system call of a host: the execution ends with a fault that has the text of the exception.</summary>
    public class FaultException : Exception
    {
        /// <summary>Makes an exception.</summary>
        public FaultException(string message) : base(message) { }
    }

    /// <summary>Thrown by a system call of a host: an exception that a script can catch.</summary>
    public class ScriptException : Exception
    {
        /// <summary>Makes an exception.</summary>
        public ScriptException(Value value) : base("an exception for the script")
        {
            Value = value;
        }

        /// <summary>What the script catches.</summary>
        public Value Value { get; }
    }
}
