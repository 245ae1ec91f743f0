#include "rules/request/body_fields.hpp"

#include <gtest/gtest.h>

namespace sluice::rules {

namespace {

std::string told(std::string_view body)
{
    std::string out;
    for (const auto& f : fields_of_body(body)) out += f.path + "=" + f.value + ";";
    return out;
}

}  // namespace

TEST(BodyFields, LeavesAreToldInOrderByteForByte)
{
    EXPECT_EQ(told(R"({"b":1.50,"a":{"x":"\u00e9 \"q\"","y":[true,null , {"z":0.0}]},"n":-0})"),
              R"(b=1.50;a.x="\u00e9 \"q\"";a.y[0]=true;a.y[1]=null;a.y[2].z=0.0;n=-0;)");
}

TEST(BodyFields, NumbersThatNothingHoldsAreToldToo)
{
    EXPECT_EQ(told(R"({"big":1e400,"long":123456789012345678901234567890})"),
              "big=1e400;long=123456789012345678901234567890;");
}

TEST(BodyFields, EmptyThingsAreLeaves)
{
    EXPECT_EQ(told(R"({"o":{},"l":[ ],"k":""})"), R"(o={};l=[];k="";)");
    EXPECT_EQ(told(R"(["a"])"), R"([0]="a";)");
}

TEST(BodyFields, OtherBodiesHaveNone)
{
    for (const auto* body : {"", "text", "\"a\"", "12", "{", "[]", "{}"}) {
        EXPECT_EQ(told(body), "") << body;
    }
}

}  // namespace sluice::rules
