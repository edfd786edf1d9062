using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;

namespace Neovm.Tests
{
    /// <summary>A method without arguments that throws if something is wrong.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    sealed class TestAttribute : Attribute { }

    /// <summary>Runs the tests: tests.exe PROJECT [PART OF A NAME].</summary>
    static class Runner
    {
        /// <summary>The root folder of the project.</summary>
        internal static string Project { get; private set; }

        static int Main(string[] arguments)
        {
            Project = arguments[0];
            var part = arguments.Length > 1 ? arguments[1] : "";
            var methods = typeof(Runner).Assembly.GetTypes()
                .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
                .Where(method => method.GetCustomAttribute<TestAttribute>() != null)
                .Where(method => Name(method).Contains(part)).OrderBy(Name, StringComparer.Ordinal).ToArray();
            int failed = methods.Count(method => !Passes(method));
            Console.WriteLine("{0} passed, {1} failed", methods.Length - failed, failed);
            return failed == 0 && methods.Length > 0 ? 0 : 1;
        }

        static string Name(MethodInfo method)
        {
            return method.DeclaringType.Name + "." + method.Name;
        }

        static bool Passes(MethodInfo method)
        {
            var time = Stopwatch.StartNew();
            try
            {
                method.Invoke(null, null);
                Console.WriteLine("ok      {0} ({1} ms)", Name(method), time.ElapsedMilliseconds);
                return true;
            }
            catch (TargetInvocationException failure)
            {
                Console.WriteLine("FAILED  {0}: {1}", Name(method), failure.InnerException);
                return false;
            }
        }

        internal static string PathOf(string path)
        {
            return Path.Combine(Project, path);
        }
    }

    static class Assert
    {
        internal static void True(bool condition, string text = "it is false")
        {
            if (!condition)
                throw new Exception(text);
        }

        internal static void Equal<T>(T expected, T actual, string text = "")
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
                throw new Exception(text + " expected " + expected + ", not " + actual);
        }

        internal static void Equal(byte[] expected, byte[] actual, string text = "")
        {
            Equal(Hex.Of(expected), Hex.Of(actual), text);
        }

        internal static T Throws<T>(Action action) where T : Exception
        {
            try
            {
                action();
            }
            catch (T expected)
            {
                return expected;
            }
            throw new Exception("no " + typeof(T).Name + " was thrown");
        }

        internal static void Fails(Status status, Action action)
        {
            Equal(status, Throws<NeovmException>(action).Status);
        }
    }

    static class Hex
    {
        internal static string Of(byte[] bytes)
        {
            return bytes == null ? "null" : BitConverter.ToString(bytes).Replace("-", "").ToLowerInvariant();
        }

        internal static byte[] Bytes(string text)
        {
            var bytes = new byte[text.Length / 2];
            for (int i = 0; i < bytes.Length; i++)
                bytes[i] = (byte)(Digit(text[2 * i]) << 4 | Digit(text[2 * i + 1]));
            return bytes;
        }

        static int Digit(char digit)
        {
            return digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10;
        }

        /// <summary>A hash as people write it.</summary>
        internal static string Hash(byte[] bytes)
        {
            return "0x" + Of(bytes.Reverse().ToArray());
        }
    }
}
