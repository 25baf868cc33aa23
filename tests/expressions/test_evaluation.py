"""The value of each function, or why there is none, where the published examples do not show it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from scimconf.expressions import Attribute, Call, Concatenation, Constant, parse
from scimconf.expressions.catalogue import FUNCTIONS
from scimconf.expressions.evaluation import (
    EvaluationContext,
    Failure,
    Ignored,
    Undetermined,
    compile_expression,
    evaluate,
)
from scimconf.expressions.evaluation.functions import CLOUD_SYNC_ONLY, IMPLEMENTATIONS, UNDOCUMENTED

NOW = datetime(2025, 7, 30, 9, 5, 7, 123456, tzinfo=UTC)
USER = {
    "text": "Ada",
    "empty": "",
    "null": None,
    "yes": True,
    "seven": 7,
    "list": ["b", "a", "b"],
    "one": ["x"],
    "none": [],
    "set": {"b", "a"},
    "float": 1.5,
    "object": {"id": "1"},
    "strange": [1.5],
    "long": "x" * 999_999,
    "cased": ["a", "A"],
    "role": [{"id": "1", "value": "admin", "displayName": "admin"}],
    "other": [{"id": "1", "value": "admin", "displayName": "Administrator"}],
    "roles": [{"id": "1", "value": "a", "displayName": "a"}, {"id": "2", "value": "ö", "displayName": "b"}],
    "named": ["Editor"],
    "half": "\ud800",
    "digits": "9" * 5000,
    "huge": 10**5000,
    "larger": [2**63],
    "hugest": {10**5000, 1},
    "bytes": b"abc",
    "array": bytearray(b"abc"),
}


class Unknown(str):
    """Part of the reason why a value is undetermined."""

    __slots__ = ()


class Fails(str):
    """Part of the reason why the service would fail."""

    __slots__ = ()


SKIP, SKIP_ALL = Ignored(), Ignored(whole_object=True)

TABLE = {
    "strings": [
        ('Append([text], "!")', "Ada!"),
        ('Append([null], "!")', Unknown("Microsoft does not document Append with an absent value")),
        ('Append([list], "!")', Unknown("a list")),
        ("Append([yes], [seven])", "True7"),
        ("StripSpaces([null])", Unknown("absent")),
        ('Trim(" a\t")', "a"),
        ('Trim("\u2003a\x1f")', "a\x1f"),
        ("Trim([list])", ("b", "a", "b")),
        ("Trim([null])", Unknown("absent")),
        ('Join("-", [null], "a", "", [list], [seven])', "a-b-a-b-7"),
        ('Join(" ", [null], " ")', " "),
        ('Join("-", [null], [empty])', Unknown("Microsoft does not document Join with no values")),
        ('Join("-", IgnoreFlowIfNullOrEmpty([null]), "a")', Unknown("with a value that is ignored")),
        ("Left([text], 2)", "Ad"),
        ("Left([text], 0)", ""),
        ("Left([text], &H2)", "Ad"),
        ('Left([text], "1.5")', Unknown("with 1.5, which is not an integer")),
        ('Left([text], "x")', Fails("Left: 'x' is not a number")),
        ('Left("😀x", 1)', "\ud83d"),
        ('Len("😀")', "2"),
        ("Mid([text], 2, 5)", "da"),
        ("Mid([text], 3, 5)", "a"),
        ("Mid([text], 4, 5)", Unknown("outside")),
        ("Mid([empty], 1, 5)", Unknown("outside")),
        ("Mid([text], 5, 1)", Unknown("outside")),
        ("Mid([text], 0, 1)", Unknown("outside")),
        ("Mid([text], 1, -1)", Unknown("outside")),
        ("Mid([text], 2)", Unknown("without a length")),
        ('Mid("a😀b", 2, 2)', "😀"),
        ('InStr("abcabc", "c")', "3"),
        ('InStr("abcabc", "c", 4)', "6"),
        ('InStr("aB", "b")', Unknown("case")),
        ('InStr("aB", "b", , vbBinaryCompare)', "0"),
        ('InStr("aB", "b", 1, vbTextCompare)', "2"),
        ('InStr("äB", "b", 1, vbTextCompare)', Unknown("outside ASCII")),
        ('InStr("aB", "b", 1, "x")', Fails("not a comparison type")),
        ('InStr("aB", "")', Unknown("empty string to find")),
        ('InStr("aB", "b", 0)', Unknown("outside")),
        ('InStr("aB", "b", 3)', Unknown("outside")),
        ('ToLower("ÄßIΣ")', "äßiσ"),
        ('ToUpper("äßi")', "ÄßI"),
        ('ToLower("I\u0130", "tr-TR")', "\u0131i"),
        ('ToUpper("i\u0131", "az")', "\u0130I"),
        ('ToUpper("i", "de-DE")', "I"),
        ('ToUpper("plain")', "PLAIN"),
        ('ToUpper("\u0131")', "\u0131"),
        ('ToLower("\u0130")', "\u0130"),
        ('ToUpper("\u0131", "de")', Unknown("server's system")),
        ('ToUpper("i", "??")', Fails("not the name of a culture")),
        ('PCase("de la CRUZ-perez")', "De La Cruz-Perez"),
        ('PCase("a-b c", "-")', "A-B c"),
        ('PCase("a", "")', Unknown("empty string of separators")),
        ('PCase("123 main STREET")', "123 Main Street"),
        ('PCase("3com 1st A1B")', "3Com 1St A1b"),
        ('PCase("a\u2028b")', "A\u2028B"),
        ("PCase(\"x\u2019y 'z o'1\")", "X\u2019Y 'Z O'1"),
        ('PCase("3rd", "-")', Unknown("does not start with a letter")),
        ('PCase("12 a-b", "-")', Unknown("does not start with a letter")),
        ('PCase("12-b", "-")', "12-B"),
        ('PCase("st john\'s")', Unknown("apostrophe")),
        ('PCase("\u0131x ŉa")', "\u0131x ŉa"),
        ('Word("a b", 2, " ")', "b"),
        ('Word("a  b", 2, " ")', Unknown("adjacent delimiters")),
        ('Word("a b", 5, " ")', ""),
        ('Word("a b", 1, "")', "a b"),
        ('Word("a b", 0, " ")', ""),
        ('Word([null], 1, " ")', ""),
        ('Split("a,b", ",")', ("a", "b")),
        ('Split("a, b", ",")', Unknown("white space")),
        ('Split("a,,b", ",")', Unknown("empty values")),
        ('Split("a-b", "--")', Unknown("several characters")),
        ('Split("ab", "--")', ("ab",)),
        ('Split("a,b")', Unknown("without a delimiter")),
        ('NormalizeDiacritics("Zoe\u0308 Łø đ ồ")', "Zoe Loe đ ồ"),
        ('NormalizeDiacritics("plain")', "plain"),
        ("Redact([text])", "Ada"),
        ("Redact([null])", None),
        ("CStr([seven])", "7"),
        ('Error("stop")', Fails("Error: stop")),
    ],
    "encodings": [
        ('ConvertToBase64("Aé")', "QQDpAA=="),
        ('ConvertToUTF8Hex("Aé")', "41C3A9"),
        ("ConvertToUTF8Hex([half])", Unknown("half of a surrogate pair")),
        ("ConvertToUTF8Hex([long])", Unknown("too long")),
        ('ConvertFromBase64("QQDpAA==", Unicode)', "Aé"),
        ('ConvertFromBase64("QQ==", ASCII)', "A"),
        ('ConvertFromBase64("QQ==", UTF8)', "A"),
        ('ConvertFromBase64("QQDpAA==")', "Aé"),
        ('ConvertFromBase64("QQ==")', Unknown("bytes that are not Unicode")),
        ('ConvertFromBase64(" Q\tQ\r=\n=", UTF8)', "A"),
        ('ConvertFromBase64("Q\vQ==", UTF8)', Fails("not base64")),
        ('ConvertFromBase64("é", "UTF8")', Fails("not base64")),
        ('ConvertFromBase64("QQ==QQ==", UTF8)', Fails("not base64")),
        ('ConvertFromBase64("QQ==", "x")', Fails("not an encoding")),
        ('ConvertFromBase64("?", UTF8)', Fails("not base64")),
        ('ConvertFromBase64("/w==", UTF8)', Unknown("not UTF8")),
    ],
    "values": [
        ("[yes]", "True"),
        ("[seven]", "7"),
        ("[list]", ("b", "a", "b")),
        ("[set]", ("a", "b")),
        ("[none]", None),
        ("[missing]", None),
        ("[float]", Unknown("of this type")),
        ("[object]", Unknown("of this type")),
        ("[strange]", Unknown("list of such values")),
        ("[huge]", Unknown("in the 64 bits")),
        ("Len([huge])", Unknown("in the 64 bits")),
        ("Count([larger])", Unknown("in the 64 bits")),
        ("Count([hugest])", Unknown("in the 64 bits")),
        ("[bytes]", Unknown("of this type")),
        ("Count([array])", Unknown("of this type")),
        ("[role]", Unknown("an object")),
        ('"IgnoreAttributeFlow"', "IgnoreAttributeFlow"),
        ("IsNull([null])", "True"),
        ("IsNull([empty])", "False"),
        ("IsNullOrEmpty([empty])", "True"),
        ("IsPresent([text])", "True"),
        ("IsPresent([none])", "False"),
        ("IsString([text])", "True"),
        ('IsString("x")', "True"),
        ('IsString(Append([yes], "x"))', "True"),
        ('IsString(Coalesce([null], [text], "x"))', "True"),
        ("IsString(Now())", Unknown("with a number, a date or a boolean")),
        ("IsString(Len([text]))", Unknown("with a number, a date or a boolean")),
        ("IsString([yes])", Unknown("with a number, a date or a boolean")),
        ("IsString([seven])", Unknown("with a number, a date or a boolean")),
        ("IsString(5)", Unknown("with a number, a date or a boolean")),
        ("IsString(Coalesce([null], [yes]))", Unknown("with a number, a date or a boolean")),
        ('IsString(IIF([text] = "Ada", "x", "y"))', Unknown("with a number, a date or a boolean")),
        ('IsString(Coalesce([text], "a" & "b"))', Unknown("with a number, a date or a boolean")),
        ("IsString([list])", Unknown("absent value or a list")),
        ("IsString()", Fails("expected one value")),
        ("IsString([text], [text])", Fails("expected one value")),
        ("IsString([null])", Unknown("absent value or a list")),
        ("IsNull(IgnoreFlowIfNullOrEmpty([null]))", Unknown("with a value that is ignored")),
        ("Not([yes])", "False"),
        ("Not(Not([yes]))", "True"),
        ("Not([null])", "True"),
        ('CBool("0.0")', "False"),
        ('CBool("-2")', "True"),
        ("CBool([yes])", "True"),
        ("CBool(Not([yes]))", "False"),
        ("CBool([text])", Unknown("not a number")),
        ("CBool([null])", Unknown("absent")),
        ("CBool([text] <> [text])", "False"),
        ("BitAnd(&HF, &HF7)", "7"),
        ("BitAnd(-1, 6)", "6"),
        ("BitAnd(-9223372036854775808, -1)", "-9223372036854775808"),
        ("BitAnd(9223372036854775807, &H7FFFFFFFFFFFFFFF)", "9223372036854775807"),
        ("BitAnd(9223372036854775808, 1)", Fails("64 bits")),
        ("BitAnd(-9223372036854775809, 1)", Fails("64 bits")),
        ("BitAnd([digits], 1)", Fails("64 bits")),
        ("BitAnd(00000000000000000000000000000000000001, &H00000000000000000000001)", "1"),
        ("BitAnd(&H8000000000000000, 1)", Unknown("above &H7FFFFFFFFFFFFFFF")),
        ("BitAnd(&HFFFFFFFFFFFFFFFFF, 1)", Unknown("above &H7FFFFFFFFFFFFFFF")),
        ("IgnoreFlowIfNullOrEmpty([text])", "Ada"),
        ("IgnoreFlowIfNullOrEmpty(IgnoreFlowIfNullOrEmpty([null]))", SKIP),
        ("DefaultDomain()", "contoso.com"),
        ("Guid()", Unknown("a new GUID")),
        ("RandomString(300, 0, 0, 0, 0)", Fails("at most 256")),
        ("RandomString(3, 2, 2, 2, 0)", Fails("less than the sum")),
        ("RandomString(3, -1, 0, 0, 0)", Fails("negative")),
        ('RandomString(9, 1, 1, 1, 1, "x")', Unknown("9 characters without any of 'x'")),
        ("RandomString(9, 1, 1, 1, 1)", Unknown("9 characters at each evaluation")),
    ],
    "lists": [
        ("Count([list])", "3"),
        ("Count([roles])", "2"),
        ("Count([text])", Unknown("single value")),
        ("Count([null])", Unknown("absent")),
        ("Item([list], 2)", "a"),
        ("Item([list], 4)", Fails("index 4 is outside a list of 3")),
        ("Item([list], 0)", Unknown("index below 1")),
        ("Item([roles], 1)", Unknown("an object")),
        ("RemoveDuplicates([list])", ("b", "a")),
        ("RemoveDuplicates([cased])", Unknown("differ only in case")),
        ("SingleAppRoleAssignment([role])", "admin"),
        ("SingleAppRoleAssignment([other])", Unknown("display name (Administrator) or value (admin)")),
        (
            "SingleAppRoleAssignment([roles])",
            Fails("no more than one app role assignment was expected, but 2 were found"),
        ),
        ("SingleAppRoleAssignment([named])", "Editor"),
        ("SingleAppRoleAssignment([null])", None),
        ("AppRoleAssignmentsComplex([null])", None),
        (
            "AppRoleAssignmentsComplex([roles])",
            (
                '{"primary":false,"type":"WindowsAzureActiveDirectoryRole","value":"a","displayName":"a"}',
                '{"primary":false,"type":"WindowsAzureActiveDirectoryRole","value":"ö","displayName":"b"}',
            ),
        ),
        (
            "AssertiveAppRoleAssignmentsComplex([other])",
            ('{"primary":false,"type":"WindowsAzureActiveDirectoryRole","value":"admin","display":"Administrator"}',),
        ),
        ("AssertiveAppRoleAssignmentsComplex([null])", None),
        ("AppRoleAssignmentsComplex([named])", Unknown("must be known")),
    ],
    "dates": [
        ("Now()", "7/30/2025 9:05:07 AM"),
        ('CDate("2020-03-16-07:00")', "3/16/2020 7:00:00 AM"),
        ('CDate("2020-03-16T10:00:00.5Z")', "3/16/2020 10:00:00 AM"),
        ('CDate("2020-03-16 10:00")', "3/16/2020 10:00:00 AM"),
        ('CDate("8/25/2021 5:41:18 PM")', "8/25/2021 5:41:18 PM"),
        ('CDate("12/31/2021 12:00:00 AM")', "12/31/2021 12:00:00 AM"),
        ('CDate("12/31/2021 23:00")', "12/31/2021 11:00:00 PM"),
        ("CDate(Now())", "7/30/2025 9:05:07 AM"),
        ('CDate("31.12.2021")', Unknown("accepted as a date")),
        ('CDate("soon")', Fails("'soon' is not a date")),
        ('CDate("2021-02-29")', Fails("no day 2021-02-29")),
        ('CDate("2021-02-28 24:00")', Fails("no such time")),
        ('CDate("2/28/2021 13:00 AM")', Fails("no such time")),
        ('CDate("2/28/2021 0:00 AM")', Unknown("like 0 AM")),
        ('CDate("2021-02-28+15:00")', Fails("no time zone +15:00")),
        ('CDate("0001-01-01+01:00")', Fails("years 1 to 9999")),
        ("CDate([empty])", Unknown("empty string")),
        ("CDate([null])", Unknown("absent")),
        ('DateAdd("m", 1, CDate("2021-12-15"))', "1/15/2022 12:00:00 AM"),
        ('DateAdd("m", 1, CDate("2021-01-31"))', Unknown("shorter month 2021-02")),
        ('DateAdd("ww", -1, CDate("2021-01-08"))', "1/1/2021 12:00:00 AM"),
        ('DateAdd("n", 90, CDate("2021-01-08"))', "1/8/2021 1:30:00 AM"),
        ('DateAdd("yyyy", 9000, Now())', Fails("years 1 to 9999")),
        ('DateAdd("D", 1, Now())', Fails("'D' is not an interval")),
        ('DateAdd("d", 1, "2021-01-01")', Unknown("not wrapped in CDate")),
        ('DateAdd("d", 1, [null])', Unknown("absent")),
        ('DateDiff("yyyy", CDate("2021-12-31"), CDate("2022-01-01"))', "1"),
        ('DateDiff("m", CDate("2021-12-31"), CDate("2022-01-01"))', "1"),
        ('DateDiff("h", CDate("2021-12-31"), CDate("2021-12-30T23:30:00"))', "0"),
        ('DateDiff("ww", CDate("2021-12-25"), CDate("2021-12-26"))', "1"),
        ("DateFromNum(129699324000000000)", "1/1/2012 11:00:00 PM"),
        ("DateFromNum(-1)", Fails("negative")),
        ("DateFromNum(9223372036854775807)", Unknown("means never")),
        ('NumFromDate("2012-01-01T23:00:00Z")', "129699324000000000"),
        ('NumFromDate("2012-01-02 01:00:00+02:00")', "129699324000000000"),
        ('NumFromDate("2012-01-01")', Unknown("the time zone of")),
        ('NumFromDate("12/31/9999")', Unknown("expected an ISO 8601 date")),
        ('NumFromDate("1600-01-01T00:00:00Z")', Fails("the year 1601")),
    ],
    "replacing": [
        ('Replace("a-b-c", "-", , , "", , )', "abc"),
        ('Replace("a", "x", , , , , "x@x")', "a@a"),
        ('Replace("abc", , "(?<first>a)(b)", , "${first}$1$2$&$$$x", , )', "abaab$$xc"),
        ('Replace("abc", , "(?<first>a)(b)", "first", "X", , )', "Xbc"),
        ('Replace("abc", , "(?<first>z)?b", "first", "X", , )', Unknown("without the group 'first'")),
        ('Replace("abc", , "b", "first", "X", , )', Unknown("with the group 'first', which")),
        ('Replace("abc", , "(?<first>b)", "first", "$X", , )', Unknown("with $")),
        ('Replace([null], , "(?<n>[0-9]+)", "n", , "tel 42", )', "42"),
        ('Replace([text], , "(?<n>[0-9]+)", "n", , [null], )', "Ada"),
        ('Replace([empty], , "(?<n>[0-9]+)", "n", , [null], )', Unknown("absent")),
        ('Replace([text], , "^(.*?)", , "p-", , )', "p-Ada"),
        ('Replace([text], , "(?<n>.*?)", "n", "-", , )', "-A-d-a-"),
        ('Replace("kept", , "(?<n>[0-9]+)", "n", , "42", )', "kept"),
        ('Replace([empty], , "(?<n>[0-9]+)", "n", , "no", )', Unknown("no match or several")),
        ('Replace([empty], , "(?<n>[0-9])", "n", , "42", )', Unknown("no match or several")),
        ('Replace("a", "", , , "x", , )', Unknown("empty string")),
        ('Replace("a", "a", "b")', Unknown("this combination of arguments")),
        ('Replace([null], "a", , , "b", , )', Unknown("absent")),
        ('Replace("a", , "(", , "b", , )', Fails("not closed")),
    ],
    "choosing": [
        ('IIF([text] = "Ada", "y", "n")', "y"),
        ('IIF([text] <> "Bob", "y", "n")', "y"),
        ('IIF([text] = "ADA", "y", "n")', Unknown("case")),
        ('IIF([seven] = 7, "y", "n")', "y"),
        ('IIF([seven] = "07", "y", "n")', Unknown("strings or numbers")),
        ('IIF(Len([text]) = "03", "y", "n")', "y"),
        ('IIF(Len([text]) <> [text], "y", "n")', Unknown("how a string is compared")),
        ('IIF(Len([text]) >= 4, "y", "n")', "n"),
        ('IIF([seven] < 10, "y", "n")', "y"),
        ('IIF([text] > "A", "y", "n")', Unknown("how a string is compared")),
        ('IIF(Now() = Now(), "y", "n")', Unknown("how dates are compared")),
        ('IIF([text] = Now(), "y", "n")', Unknown("how dates are compared")),
        ('IIF("a" = Coalesce([null]), "y", "n")', Unknown("absent")),
        ('IIF([yes], "y", "n")', "y"),
        ('IIF("False", "y", "n")', "n"),
        ("IIF(IsPresent([text]), [text], [null])", "Ada"),
        ('IIF([text], "y", "n")', Unknown("documented as a condition")),
        ('IIF([null] = "x", "y", "n")', Unknown("a condition on an absent attribute")),
        ('IIF([null] = "x", "y")', Unknown("a condition on an absent attribute")),
        ('IIF([null] = "x", "y", Error("no"))', Fails("Error: no")),
        ('IIF([null] = "x", "y", Guid())', Unknown("a condition on an absent attribute")),
        ('IIF(IsNullOrEmpty([null]), "y", "n")', Unknown("the condition fails if the attribute has no value")),
        ('IIF(Not(IsPresent([empty])), "y", "n")', Unknown("Microsoft's SuccessFactors guide relies on IsPresent")),
        ('IIF(IsNull([none]) = "True", "y")', Unknown("Microsoft's SuccessFactors guide relies on IsNull")),
        ('IIF(IsNull([null]), "y", Error("no"))', Unknown("guide relies on IsNull")),
        ('IIF(IsNull([null]), Error("no"), "y")', Unknown("guide relies on IsNull")),
        ('IIF(IsPresent([null]), "y", Error("no"))', Fails("Error: no")),
        ('IIF(IsNull([null]), Error("a"), Error("b"))', Fails("Error: b")),
        ('IIF(IsPresent([null]), Error("a"), Guid())', Unknown("guide relies on IsPresent")),
        ('IIF([text] = "Ada", "y", CDate("x"))', Unknown("according to a report of June 2026 (sqlravings")),
        ('IIF([text] = "Bob", CDate("x"), "n")', Unknown("'x' is not a date")),
        ('IIF([text] = "Bob", CDate("x"))', Unknown("without a value for False")),
        ('IIF([text] = "Ada", CDate("x"), "n")', Fails("CDate: 'x' is not a date")),
        ('IIF([text] = "Ada", CDate("x"), CDate("y"))', Fails("CDate: 'x' is not a date")),
        ('IIF([text] = "Ada", "y", Guid())', "y"),
        ('IIF([text] = "Ada", "y", Append([null], "x"))', "y"),
        ('IIF([text] = "Ada", "y", FormatDateTime([empty], , "yyyy", "yy"))', "y"),
        ('IIF([text] = "Ada", "y", Append(Error("asked for"), "x"))', "y"),
        ('IIF([text] = "Ada", "y", IIF([text] = "Ada", "n", CDate("x")))', Unknown("'x' is not a date")),
        ('IIF([text] = "Ada", "y", IIF([text] = "Ada", "n", Error("asked for")))', "y"),
        ('IIF([text] = "Ada", Switch([text], CDate("x"), "Ada", "y"), "n")', "y"),
        ('Append(CDate(IIF([text] = "Bob", "x", "2021-01-01")), "!")', "1/1/2021 12:00:00 AM!"),
        ('IIF(Switch([null], [null], "", "x") = "x", "y", "n")', "y"),
        ('IIF([text] = "Bob", "y")', Unknown("without a value for False")),
        ('IIF([text] = "Ada", "y")', "y"),
        ('IIF([text] = "Ada", , "n")', Fails("a condition and two values")),
        ('IIF([text] = "Ada", IgnoreAttributeFlow, "n")', SKIP),
        ('IIF([text] = "Ada", IgnoreObjectFlow, "n")', SKIP_ALL),
        ('IIF([text] = "Ada", "y", Error("not looked at"))', "y"),
        ('Switch([text], "d", "ada", "no")', "d"),
        ('Switch([text], , "ada", "no")', None),
        ('Switch([yes], , "True", "y")', "y"),
        ('Switch([null], , "", "none")', "none"),
        ('Switch([text], , "Ada", "first", "Ada", "second")', "first"),
        ('Switch([text], , [missing], "a", [text], "b")', "b"),
        ('Switch([null], , [missing], "a")', Unknown("an absent key")),
        ('Switch([text], "d", [seven], "a")', "d"),
        ('Switch([text], , [seven], "a")', None),
        ('Switch([text], , "Ada")', Fails("pairs of key and value")),
        ('Switch([text], , "Ada", , "b", "c")', Unknown("an empty key or value")),
        ('Switch([text], , "Ada", , "b", )', Unknown("an empty key or value")),
        ('Switch([text], , foo, "x")', Unknown("unquoted word `foo`")),
        ("Switch()", Fails("pairs of key and value")),
        ("Switch([text])", None),
        ('Switch([list], , "a", "b")', Unknown("a list")),
        ('Switch([text], , "Ada", IgnoreAttributeFlow)', SKIP),
        ('Coalesce([null], [missing], "x")', "x"),
        ('Coalesce([empty], "x")', Unknown("its reference skips only null, Microsoft's SuccessFactors guide")),
        ('Coalesce([null], "")', ""),
        ("Coalesce([null])", None),
        ("Coalesce()", Fails("at least one")),
        ('SelectUniqueValue("taken", "free")', "free"),
        ('SelectUniqueValue("TAKEN", "free")', Unknown("in another case")),
        ('SelectUniqueValue("taken", "taken")', Fails("all of its values")),
        ('SelectUniqueValue("a")', Fails("at least two")),
        ('Append(SelectUniqueValue("a", "b"), "x")', Fails("must be the outermost function")),
    ],
    "shapes": [
        ("Lookup([text])", Unknown("unknown function `Lookup`")),
        ('Jion(" ", [text])', Unknown("unknown function `Jion`. Did you mean `Join`?")),
        ("tolower([text])", "ada"),
        ('iif(ispresent([text]), switch([text], , "Ada", "y"), cdate("x"))', Unknown("'x' is not a date")),
        ('iif(isnull([null]), "y", "n")', Unknown("Microsoft's SuccessFactors guide relies on IsNull")),
        ('Instr(Join("", [list]), "a", , ) ', "2"),
        ('instr("aB", "b", , vbBinaryCompare)', "0"),
        ('IIF(Instr([text], "d")>"0", "y", "n")', "y"),
        ('selectuniquevalue("taken", "free")', "free"),
        ("isstring(coalesce([null], [text]))", "True"),
        ("DNComponent([text], 1)", Unknown("Microsoft does not document DNComponent for applications")),
        ("StringFromSid([text])", Unknown("StringFromSid for applications, only for cloud sync")),
        ('Append(foo, "x")', Unknown("unquoted word `foo`")),
        ("Coalesce(NULL)", Unknown("unquoted word `NULL`")),
        ("Not(True)", Unknown("unquoted word `True`")),
        ('Append(vbTextCompare, "x")', Unknown("unquoted word `vbTextCompare`")),
        ('Append("vbTextCompare", "x")', "vbTextComparex"),
        ('IIF([text] = "Ada", "IgnoreAttributeFlow", "n")', Unknown("in quotes is a string or the keyword")),
        ('Append("IgnoreObjectFlow", "n")', Unknown("in quotes is a string or the keyword")),
        ('Prepend("a", [text])', Unknown("Microsoft does not document Prepend")),
        ("Now(1)", Fails("expected 0 arguments, got 1")),
        ('Append(, "x")', Fails("argument 1 is missing")),
        ('Append("a" & [text], "x")', Unknown("& only for cloud sync")),
        ('Not([text] = "a")', Unknown("only inside IIF and CBool")),
        ('ToLower(Append([null], "x"))', Unknown("Append with an absent value")),
    ],
}


@pytest.mark.parametrize(
    ("text", "expected"), [pytest.param(*row, id=row[0][:60]) for rows in TABLE.values() for row in rows]
)
def test_evaluate_returns_a_value_or_the_reason_why_there_is_none(text, expected):
    value = evaluate(text, USER, now=NOW, existing=["taken"], tenant_domain="contoso.com")
    if isinstance(expected, Unknown):
        assert isinstance(value, Undetermined), value
        assert expected in value.reason
    elif isinstance(expected, Fails):
        assert isinstance(value, Failure), value
        assert expected in value.reason
    else:
        assert expected == value


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ('"yyyy-MM-dd", "M/d/yy"', "2021-03-04", "3/4/21"),
        ('"d MMM yy", "dddd, dd MMMM yyyyy"', "4 mar 99", "Thursday, 04 March 01999"),
        ('"ddd d/M/yyyy", "ddd y"', "Fri 4/3/2021", Fails("does not match the date format")),
        ('"dddd d/M/yyyy", "ddd y"', "Thursday 4/3/2021", "Thu 21"),
        ('"ddd d/M/yyyy", "ddd"', "Xyz 4/3/2021", Fails("does not match")),
        ('"d/M/yy", "yyyy"', "1/1/35", Unknown("century")),
        ('"h:mm:ss tt", "H:m:s t"', "12:05:06 am", "0:5:6 A"),
        ('"h:mm t", "HH:mm"', "1:05 P", "13:05"),
        ('"HH:mm tt", "HH"', "13:05 AM", Fails("does not match")),
        ('"hh:mm", "HH"', "13:05", Fails("does not match")),
        ('"HH:mm", "HH"', "24:05", Fails("does not match")),
        ('"h:mm tt", "HH"', "1:05 XM", Fails("does not match")),
        ('"HH hh", "HH"', "01 01", "01"),
        ('"HH hh tt", "HH"', "12 12 PM", "12"),
        ('"HH hh", "HH"', "01 02", Fails("does not match")),
        ('"hh:mm", "HH:mm"', "00:05", "00:05"),
        ('"h:mm tt", "HH:mm"', "0:05 PM", "12:05"),
        ('"h:mm t", "HH:mm"', "1:05 p", Fails("does not match")),
        ('"d-M", "dd"', "1/2", Fails("does not match")),
        ('"d d", "dd"', "1 2", Fails("does not match")),
        ('"yyyy-MM-dd", "yyyy"', "2021-03-04x", Fails("does not match")),
        ('"yyyy-MM-dd", "yyyy"', " 2021-03-04 ", "2021"),
        ('"yyyy-MM-dd", "yyyy"', "2021-02-30", Fails("no day")),
        ('"s.fff", "s.ffffff"', "5.123", "5.123000"),
        ('"s.FFF", "s.FFF|FF"', "5", "5|"),
        ('"s.FFF", "s.FF"', "5.12", "5.12"),
        ('"s.FF", "ff"', "5.", "00"),
        ('"ffffffff", "s"', "12345678", Fails("seven digits")),
        ('"ss", "ffffffff"', "05", Fails("seven digits")),
        ("\"yyyy'y'\", \"'year 'yyyy\"", "2021y", "year 2021"),
        (r'"yyyy", "\"year\" yyyy\\y%d"', "2021", "year 2021y1"),
        ('"yyyy", "\'it\\\\\'s\' yyyy"', "2021", "it's 2021"),
        ('"yyyy", "\'open"', "2021", Fails("not closed")),
        (r'"yyyy", "yyyy\\"', "2021", Fails("ends with")),
        ('"yyyy", "%%"', "2021", Fails("%% is not a valid format")),
        ('"yyyy", "%d"', "2021", "1"),
        ('"yyyy-MM", "%MM|%MMM|%K"', "2021-03", "33|303|"),
        ('"yyyy", "%"', "2021", Fails("'%' is not a standard format")),
        ('"yyyy", "y%"', "2021", Fails("ends with %")),
        ('"yyyy", "%\'x\'"', "2021", Fails("not closed")),
        (r'"yyyy", "%\\x"', "2021", Fails("ends with")),
        ('"yyyy%\'x\'%MM", "MM"', "2021x03", "03"),
        ('"yyyy%%", "MM"', "2021", Fails("%% is not a valid format")),
        ('"yyyy%", "MM"', "2021", Fails("ends with %")),
        ('"yy yyyy", "yyyy"', "21 2021", Fails("does not match")),
        ('"yyyy yy", "yyyy"', "0021 21", "2021"),
        ('"yyyy yy", "yyyy"', "2021 21", Fails("does not match")),
        ('"yyyy y yyyy", "yyyy"', "0121 21 0121", Fails("does not match")),
        ('"yyyy-MMK dd", "yyyyMMdd"', "2021-03 04", "20210304"),
        ('"yyyyKK", "yyyyKK"', "2021ZZ", "2021ZZ"),
        ('"yyyyKx", "yyyy"', "2021-1x", Fails("does not match")),
        ('"yyyy-MM-ddZ", "yyyy-MM-dd K zzz"', "2021-03-04Z", "2021-03-04 Z +00:00"),
        ('"yyyy-MM-ddZ", "yyyyK"', "2021-03-04gmt", "2021Z"),
        ('"yyyy-MM-ddZ", "yyyyK"', "2021-03-04", Fails("does not match")),
        ('"yyyyZZ", "yyyyK"', "2021ZZ", Fails("does not match")),
        ('"yyyyzzzZ", "yyyyK"', "2021+00:00Z", "2021Z"),
        ('"yyyyzzzZ", "yyyyK"', "2021+01:00Z", Fails("does not match")),
        ('"yyyy\'Z\'", "yyyyK"', "2021Z", "2021"),
        (r'"yyyy\\Z", "yyyyK"', "2021Z", "2021"),
        ('"yyyy GMT", "yyyy"', "2021 GMT", Unknown("server's time zone")),
        ('"yyyy GMT", "yyyy"', "2021 UTC", Fails("does not match")),
        ('"u", "yyyyK"', "2021-03-04 05:06:07Z", "2021"),
        ('" yyyy ", "yyyy"', "2021", "2021"),
        ("\"' 'yyyy'  '\", \"yyyy\"", "2021", "2021"),
        ('"yyyy MM", "MM"', "202103", "03"),
        ('"yyyy K", "yyyy"', "2021", "2021"),
        ('"s.FF", "s.FF"', "5", "5"),
        ('".FF", "s.FF"', "5", Fails("does not match")),
        ('"yyyy", "yyyy"', "", Unknown(".NET refuses an empty string, according to a report of June 2026")),
        ('"yyyy", "yyyy"', " ", Fails("does not match")),
        (', "yyyy"', "2021", Unknown("without an input format")),
        ('"NoCurrentDateDefault | AllowInnerWhite", "yyyy"', "2021", Unknown("without an input format")),
        ('"yyyyzz", "yyyy"', "2021+1", Fails("does not match")),
        ('"yyyyzzz", "yyyy"', "2021+14:30", Fails("does not match")),
        ('"yyyy", "gg"', "2021", Unknown("eras")),
        ('"yyyy", ""', "2021", Unknown("empty format")),
        ('"yyyy", "x"', "2021", Fails("'x' is not a standard format")),
        ('"yyyy", "d"', "2021", Unknown("server's culture")),
        ('"yyyy", "s"', "2021", "2021-01-01T00:00:00"),
        ('"o", "u"', "2021-03-04T05:06:07.0000000Z", "2021-03-04 05:06:07Z"),
        ('"yyyy-MM-ddK", "K z zz zzz"', "2021-03-04Z", "Z +0 +00 +00:00"),
        ('"yyyy-MM-ddK", "yyyyK"', "2021-03-04", "2021"),
        ('"yyyy-MM-ddK", "yyyy"', "2021-03-04+01:00", Unknown("server's time zone")),
        ('"yyyy-MM-ddzzz", "yyyy"', "2021-03-04+15:00", Fails("does not match")),
        ('"yyyy-MM-ddzzz", "yyyy"', "2021-03-04+01", Fails("does not match")),
        ('"yyyy-MM-ddz", "yyyy"', "2021-03-04+01:00", Fails("does not match")),
        ('"yyyy-MM-dd", "zzz"', "2021-03-04", Unknown("the server's time zone")),
        ('"HH:mm", "yyyy-MM-dd"', "10:00", "2025-07-30"),
    ],
)
def test_format_date_time_uses_the_formats_of_dotnet(text, source, expected):
    value = evaluate(f"FormatDateTime([x], , {text})", {"x": source}, now=NOW)
    if isinstance(expected, Unknown | Fails):
        assert isinstance(value, Undetermined if isinstance(expected, Unknown) else Failure), value
        assert expected in value.reason
    else:
        assert expected == value


@pytest.mark.parametrize(
    ("styles", "source", "expected"),
    [
        ("AdjustToUniversal", "2021-03-04T01:00+02:00", "2021-03-03T23:00Z"),
        ("AssumeUniversal, AdjustToUniversal", "2021-03-04T01:00", "2021-03-04T01:00Z"),
        ("AssumeUniversal", "2021-03-04T01:00", Unknown("zone")),
        ("AssumeLocal", "2021-03-04T01:00", Unknown("zone")),
        ("None", "2021-03-04T01:00", "2021-03-04T01:00"),
        ("None", "2021-03-04T01:00Z", Unknown("zone")),
        ("AdjustToUniversal", "2021-03-04T01:00Z", "2021-03-04T01:00Z"),
        ("None", " 2021-03-04T01:00", Fails("does not match")),
        ("AllowWhiteSpaces", " 2021-03-04T01:00 ", "2021-03-04T01:00"),
        ("RoundtripKind|AssumeLocal", "2021-03-04T01:00", Fails("cannot be combined")),
        ("AssumeUniversal,AssumeLocal", "2021-03-04T01:00", Fails("cannot be combined")),
        ("Whatever", "2021-03-04T01:00", Fails("'Whatever' is not one")),
        ("32", "2021-03-04T01:00", Unknown("only names of DateTimeStyles, a report of June 2026")),
        (" -1 ", "2021-03-04T01:00", Unknown("(sqlravingsandotherstuff.blogspot.com) uses the number 32")),
    ],
)
def test_format_date_time_uses_the_styles_of_dotnet(styles, source, expected):
    text = f'FormatDateTime([x], "{styles}", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mmK")'
    value = evaluate(text, {"x": source}, now=NOW)
    if isinstance(expected, Unknown | Fails):
        assert isinstance(value, Undetermined if isinstance(expected, Unknown) else Failure), value
        assert expected in value.reason
    else:
        assert expected == value


def test_format_date_time_with_inner_white_space_and_without_the_current_date():
    inner = 'FormatDateTime([x], "AllowInnerWhite", "d M yyyy", "yyyy-MM-dd")'
    assert evaluate(inner, {"x": "4  3   2021"}, now=NOW) == "2021-03-04"
    assert evaluate(inner.replace("M", "MMM", 1), {"x": "4mar2021"}, now=NOW) == "2021-03-04"
    quoted = 'FormatDateTime([x], "AllowInnerWhite", "d\' a \'M-yyyy", "yyyy-MM-dd")'
    assert evaluate(quoted, {"x": "4 a3  - 2021"}, now=NOW) == "2021-03-04"
    exact = r'FormatDateTime([x], "AllowInnerWhite", "d\\ M", "MM")'
    assert isinstance(evaluate(exact, {"x": "4 3"}, now=NOW), Failure)
    today = 'FormatDateTime([x], "NoCurrentDateDefault", "HH:mm", "yyyy-MM-dd")'
    assert evaluate(today, {"x": "10:00"}, now=NOW) == "0001-01-01"


@pytest.mark.parametrize("styles", ["None", "AllowWhiteSpaces", "AssumeUniversal"])
def test_format_date_time_with_z_depends_on_the_server_without_a_style_for_utc(styles):
    value = evaluate(f'FormatDateTime([x], "{styles}", "yyyyZ", "yyyy")', {"x": "2021Z"}, now=NOW)
    assert "server's time zone" in value.reason


def test_now_outside_the_years_1_to_9999_in_utc_is_undetermined():
    east, west = timezone(timedelta(hours=10)), timezone(timedelta(hours=-10))
    for now in (datetime(1, 1, 1, tzinfo=east), datetime(9999, 12, 31, 23, tzinfo=west)):
        for text in ("Now()", 'FormatDateTime("10:00", , "HH:mm", "HH")'):
            assert "years 1 to 9999" in evaluate(text, {}, now=now).reason


class Text(str):
    """A subclass of str."""

    __slots__ = ()

    def __str__(self):
        return "not this"


def test_attributes_of_a_subclass_of_str_are_plain_strings():
    user = {"a": Text("abc"), "b": [Text("abc")]}
    for text, expected in (("[a]", "abc"), ('Append([a], "x")', "abcx"), ("[b]", ("abc",)), ("IsString([a])", "True")):
        value = evaluate(text, user, now=NOW)
        assert value == expected
        assert {type(string) for string in (value if isinstance(value, tuple) else (value,))} == {str}


def test_functions_of_the_context_are_undetermined_without_it():
    for text in ("DefaultDomain()", "Guid()", 'SelectUniqueValue("a", "b")'):
        assert isinstance(evaluate(text, {}, now=NOW), Undetermined)
    assert evaluate("Guid()", {}, now=NOW, guid="x") == "x"


def test_now_is_converted_to_utc():
    east = datetime(2025, 7, 30, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert evaluate("Now()", {}, now=east) == "7/29/2025 11:00:00 PM"
    assert evaluate("Now()", {}, now=datetime(2025, 7, 30, tzinfo=UTC).replace(tzinfo=None)) == "7/30/2025 12:00:00 AM"


def test_tree_with_unknown_keys_is_undetermined():
    tree = Call("Append", (Attribute("a"), Constant("b")), ("x", "y"))
    assert evaluate(tree, {"a": "1"}, now=NOW) == Undetermined(
        "Append: Microsoft has not published the names of its parameters"
    )


def test_concatenation_outside_a_call_is_undetermined():
    assert isinstance(evaluate(Concatenation((Constant("a"), Constant("b"))), {}, now=NOW), Undetermined)


def test_lists_and_strings_have_a_maximum_size():
    assert "too long" in str(evaluate("[x]", {"x": ["a"] * 1_000_001}, now=NOW))
    assert "too long" in str(evaluate("Append([x], [x])", {"x": "a" * 600_000}, now=NOW))


def test_compiled_expression_can_be_called_again_after_a_stop():
    run, context = compile_expression(parse("Guid()")), EvaluationContext(NOW)
    assert run({}, context) == run({}, context)


def test_catalogue_functions_without_implementation_are_those_that_are_not_documented():
    control_flow = {"Coalesce", "IIF", "IsString", "SelectUniqueValue", "Switch"}
    assert FUNCTIONS.keys() - IMPLEMENTATIONS.keys() == control_flow | UNDOCUMENTED | CLOUD_SYNC_ONLY


@pytest.mark.parametrize("name", sorted(IMPLEMENTATIONS))
def test_implementations_take_the_parameters_of_the_catalogue(name):
    function, implementation = FUNCTIONS[name], IMPLEMENTATIONS[name]
    assert len(function.slots) == len(implementation.converters)
    assert (function.repeating is not None) == (implementation.rest is not None)
    optional = {position for position, parameter in enumerate(function.slots) if not parameter.required}
    assert optional <= implementation.optional
