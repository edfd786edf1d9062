using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Neovm.Tests
{
    /// <summary>
    /// Reads JSON, as far as recorded lines need it: objects are dictionaries, arrays lists, and numbers decimals.
    /// Malformed text is an exception.
    /// </summary>
    sealed class Json
    {
        readonly string text;
        int at;

        Json(string text)
        {
            this.text = text;
        }

        internal static object Parse(string text)
        {
            var reader = new Json(text);
            var value = reader.Value();
            if (reader.Peek() != '\0')
                throw new FormatException("there is more at " + reader.at);
            return value;
        }

        char Peek()
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            return at < text.Length ? text[at] : '\0';
        }

        void Expect(char expected)
        {
            if (Peek() != expected)
                throw new FormatException("no " + expected + " at " + at);
            at++;
        }

        bool Take(char wanted)
        {
            if (Peek() != wanted)
                return false;
            at++;
            return true;
        }

        object Value()
        {
            switch (Peek())
            {
                case '{': return Object();
                case '[': return Array();
                case '"': return String();
                case 't': return Word("true", true);
                case 'f': return Word("false", false);
                case 'n': return Word("null", null);
                default: return Number();
            }
        }

        object Word(string word, object value)
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0)
                throw new FormatException("no value at " + at);
            at += word.Length;
            return value;
        }

        object Number()
        {
            int start = at;
            while (at < text.Length && "+-.0123456789eE".IndexOf(text[at]) >= 0)
                at++;
            return decimal.Parse(text.Substring(start, at - start), NumberStyles.Float, CultureInfo.InvariantCulture);
        }

        Dictionary<string, object> Object()
        {
            var members = new Dictionary<string, object>();
            Expect('{');
            if (Take('}'))
                return members;
            do
            {
                Peek();
                var name = String();
                Expect(':');
                members[name] = Value();
            }
            while (Take(','));
            Expect('}');
            return members;
        }

        List<object> Array()
        {
            var items = new List<object>();
            Expect('[');
            if (Take(']'))
                return items;
            do
                items.Add(Value());
            while (Take(','));
            Expect(']');
            return items;
        }

        string String()
        {
            Expect('"');
            var made = new StringBuilder();
            for (; text[at] != '"'; at++)
            {
                if (text[at] != '\\')
                {
                    made.Append(text[at]);
                    continue;
                }
                at++;
                int simple = "\"\\/bfnrt".IndexOf(text[at]);
                if (simple >= 0)
                    made.Append("\"\\/\b\f\n\r\t"[simple]);
                else if (text[at] == 'u')
                {
                    made.Append((char)int.Parse(text.Substring(at + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                    at += 4;
                }
                else
                    throw new FormatException("no escape at " + at);
            }
            at++;
            return made.ToString();
        }

        /// <summary>The path of the first difference, and both values there; null if there is none.</summary>
        internal static string Difference(object expected, object actual, string path = "")
        {
            var members = expected as Dictionary<string, object>;
            var items = expected as List<object>;
            if (members != null && actual is Dictionary<string, object>)
                return Difference(members, (Dictionary<string, object>)actual, path);
            if (items != null && actual is List<object>)
                return Difference(items, (List<object>)actual, path);
            return Equals(expected, actual) ? null : path + ": expected " + Show(expected) + ", not " + Show(actual);
        }

        static string Difference(Dictionary<string, object> expected, Dictionary<string, object> actual, string path)
        {
            foreach (var member in expected)
            {
                object value;
                if (!actual.TryGetValue(member.Key, out value))
                    return path + "." + member.Key + " is missing";
                var difference = Difference(member.Value, value, path + "." + member.Key);
                if (difference != null)
                    return difference;
            }
            foreach (var member in actual)
                if (!expected.ContainsKey(member.Key))
                    return path + "." + member.Key + " is not expected";
            return null;
        }

        static string Difference(List<object> expected, List<object> actual, string path)
        {
            if (expected.Count != actual.Count)
                return path + ": expected " + expected.Count + " items, not " + actual.Count;
            for (int i = 0; i < expected.Count; i++)
            {
                var difference = Difference(expected[i], actual[i], path + "[" + i + "]");
                if (difference != null)
                    return difference;
            }
            return null;
        }

        static string Show(object value)
        {
            return value == null ? "null" : value is string ? "\"" + value + "\"" : Convert.ToString(value, CultureInfo.InvariantCulture);
        }
    }
}
