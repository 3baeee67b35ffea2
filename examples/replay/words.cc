#include "words.h"

namespace replayer {
namespace {

constexpr std::string_view kNameOpenersZh[] = {
    "夜航", "橘子", "山茶", "雨后", "半糖", "北纬", "旧时", "云端", "小满", "晚风",
    "薄荷", "星河", "南巷", "微醺", "纸飞", "初雪", "青柠", "海盐", "空山", "长街"};
constexpr std::string_view kNameClosersZh[] = {
    "汽水", "的猫", "船长", "小熊", "邮局", "少年", "研究员", "不眠", "同学", "来信",
    "麻薯", "鲸鱼", "路灯", "信号", "豆包", "唱片", "观察者", "骑士", "闹钟", "小站"};
constexpr std::string_view kNameOpenersEn[] = {
    "mossy", "quiet", "copper", "late",   "paper",  "velvet", "north",  "sleepy", "neon",  "tiny",
    "rusty", "lunar", "sour",   "gentle", "static", "amber",  "hollow", "swift",  "salty", "plain"};
constexpr std::string_view kNameClosersEn[] = {"otter",  "lantern", "harbor", "pixel",  "walrus",
                                               "tempo",  "comet",   "badger", "signal", "noodle",
                                               "fjord",  "kettle",  "moth",   "anchor", "echo",
                                               "pickle", "raven",   "turnip", "drift",  "wizard"};

constexpr std::string_view kChants[] = {
    "哈哈哈哈哈", "666",      "好听！",   "啊啊啊啊啊", "LETS GO", "GG",      "晚上好",
    "泪目",       "2333",     "👏👏👏",      "太强了",     "安排上",  "WOW",     "🔥🔥🔥",
    "冲冲冲",     "名场面",   "双厨狂喜", "来了来了",   "HYPE",    "respect", "❤️❤️❤️",
    "可爱捏",     "再来一首", "ohhhhh",   "草",         "www",     "合影",    "前排",
    "no way",     "👀",        "起飞",     "梦回当年"};

constexpr std::string_view kShortLines[] = {"?",
                                            "lol",
                                            "主播晚上好",
                                            "第一次来",
                                            "刚下班",
                                            "这首歌叫什么",
                                            "nice",
                                            "真的假的",
                                            "打卡",
                                            "收到",
                                            "hi everyone",
                                            "音量可以大一点",
                                            "same",
                                            "笑死",
                                            "画质好清楚",
                                            "what did i miss",
                                            "蹲一个回放",
                                            "好耶",
                                            "辛苦了",
                                            "ok",
                                            "今天播到几点",
                                            "有点困了",
                                            "🤣",
                                            "brb",
                                            "学到了",
                                            "is this live",
                                            "对对对",
                                            "加油",
                                            "稳",
                                            "这个角度绝了",
                                            "greetings from lisbon",
                                            "别急",
                                            "同意楼上",
                                            "背景好好看",
                                            "我也是",
                                            "饭吃了吗",
                                            "that's so good",
                                            "细节",
                                            "下次一定",
                                            "懂了",
                                            "yes",
                                            "no",
                                            "听哭了",
                                            "要下雨了",
                                            "手机快没电",
                                            "声音好温柔",
                                            "谁懂啊",
                                            "good vibes",
                                            "好安静的夜晚",
                                            "👋",
                                            "先去洗澡",
                                            "回来了",
                                            "麦克风换新的了？",
                                            "love this part",
                                            "清唱一段",
                                            "点赞了",
                                            "已关注",
                                            "从头看到现在",
                                            "wait what",
                                            "慢慢来",
                                            "这段可以剪辑",
                                            "🐱",
                                            "猫呢",
                                            "猫出来了",
                                            "so calm",
                                            "周末快乐",
                                            "考试加油",
                                            "窗外是什么",
                                            "it's 3am here",
                                            "👨‍👩‍👧 一起在看",
                                            "上次那首呢",
                                            "节奏对了",
                                            "mods are asleep",
                                            "开心",
                                            "有一说一",
                                            "学生党路过",
                                            "早点休息",
                                            "😭",
                                            "那是湖吗",
                                            "风景真好",
                                            "first time here, hello",
                                            "可以可以",
                                            "求歌单",
                                            "舒服了"};

constexpr std::string_view kSubjects[] = {
    "这首歌",   "今天的灯光",    "刚才那段", "the intro", "开头那句",
    "这个转场", "your new mic",  "副歌",     "那只猫",    "the lake at dusk",
    "上一局",   "the last solo", "弹幕",     "结尾",      "鼓点"};
constexpr std::string_view kRemarks[] = {
    "太戳我了",           "值得循环一晚上",      "gives me chills",    "和第一次听一样好",
    "好像小时候的夏天",   "is on another level", "能不能再来一遍",     "我可以听到天亮",
    "was worth the wait", "比录音还稳",          "让我想起坐夜车回家", "deserves an encore",
    "细节拉满",           "有电影的感觉"};

constexpr std::string_view kLongLines[] = {
    "今天下班路上堵了一个多小时，本来心情很差，打开直播听到这首歌突然就没那么累了，谢谢你一直在这个"
    "时间陪着我们。",
    "for anyone who just got here: we are three songs in, the cat has appeared twice, and the "
    "stream goes on until midnight. requests go in the form, please be patient with the queue",
    "从第一年开始就在看了，那时候房间里只有二十几个人，大家互相都认识。现在弹幕都看不过来了，但是感"
    "觉一点没变。",
    "small tip: if the picture stutters, drop the quality by one step and wait ten seconds, it "
    "settles by itself. worked for me on a train with two bars of signal",
    "做一个小小的统计：想听慢歌的扣一，想听快歌的扣二，想看猫的扣三，都想要的去给主播点个关注再来"
    "。"};

constexpr std::string_view kGifts[] = {"小心心 💗 x9", "热气球 🎈 x1", "a rose 🌹 x3",
                                       "夜空中的星 ✨ x10", "a coffee ☕ x1"};

}  // namespace

Words name_openers_zh() { return kNameOpenersZh; }
Words name_closers_zh() { return kNameClosersZh; }
Words name_openers_en() { return kNameOpenersEn; }
Words name_closers_en() { return kNameClosersEn; }
Words chants() { return kChants; }
Words short_lines() { return kShortLines; }
Words subjects() { return kSubjects; }
Words remarks() { return kRemarks; }
Words long_lines() { return kLongLines; }
Words gifts() { return kGifts; }

}  // namespace replayer
